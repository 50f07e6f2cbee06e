import { setTimeout as sleep } from 'node:timers/promises';
import { InjectQueue } from '@nestjs/bullmq';
import { Inject, Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import type { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { CLOCK } from '../common/tokens.js';
import { within } from '../common/within.js';
import { PEERS, type Peers } from '../state/peers.js';
import type { BatchOutcome } from './batch-outcome.js';
import { type GivenUp, giveUp } from './batch-wait.js';
import { BullmqEvents } from './bullmq-events.js';
import { TELEMETRY_QUEUE_NAME, type TelemetryJobData } from './bullmq-job.js';

const PING_MS = 500;
const ADD_MS = 3_000;
const LOOK_EVERY_MS = 1_000;
/** A server that is away is asked again after this. */
const REDIS_PAUSE_MS = 3_000;

export type CarriedBatch = BatchOutcome | ({ readonly kind: 'blocked' } & GivenUp);

/** Hands one batch to the workers and waits for what they say. Never rejects. */
@Injectable()
export class BullmqCarrier {
  constructor(
    @InjectQueue(TELEMETRY_QUEUE_NAME) private readonly queue: Queue<TelemetryJobData>,
    private readonly events: BullmqEvents,
    @Inject(PEERS) private readonly peers: Peers,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    queue.on('error', () => undefined); // told by every `carry` that meets it
  }

  /** Called when there is a reason to think that the workers can be reached again. */
  onHope(listener: () => void): void {
    this.events.onSign = listener;
    this.peers.onChange(() => {
      if (this.#workerKnown()) listener();
    });
  }

  async carry(batch: string): Promise<CarriedBatch> {
    // Never a number counted by Redis: after a flush two batches would have the same.
    const jobId = newId('batch', this.clock.now());
    const told = this.events.expect(jobId);
    try {
      await this.#add(jobId, batch);
      return await this.#outcome(jobId, told);
    } catch (e: unknown) {
      const reason = e instanceof Error ? e.message : String(e);
      return { kind: 'blocked', reason: `Redis: ${reason}`, pauseMs: REDIS_PAUSE_MS };
    } finally {
      this.events.forget(jobId);
    }
  }

  async #add(jobId: string, batch: string): Promise<void> {
    // A command given to a frozen server stays in our memory: a batch is given only to one that answers.
    await within(PING_MS, 'an answer', this.#ping());
    await within(
      ADD_MS,
      'taking a batch',
      // Gone with its payload as soon as it is done, or has failed: what became of it is in the event.
      this.queue.add('batch', { batch }, { jobId, attempts: 1, removeOnComplete: true, removeOnFail: true }),
    );
  }

  async #ping(): Promise<void> {
    const client = await this.queue.getBackend().client;
    await client.runCommand('ping', []);
  }

  async #outcome(jobId: string, told: Promise<BatchOutcome>): Promise<CarriedBatch> {
    const addedAt = this.clock.monotonic();
    for (;;) {
      const outcome = await Promise.race([told, sleep(LOOK_EVERY_MS, null, { ref: false })]);
      if (outcome !== null) return outcome;
      const state = await within(PING_MS, 'an answer', this.queue.getJobState(jobId));
      const now = this.clock.monotonic();
      const given = giveUp({
        state,
        waitedMs: now - addedAt,
        silentMs: now - Math.max(addedAt, this.events.lastSign),
        workerKnown: this.#workerKnown(),
      });
      if (given === null) continue;
      // One that is being worked on stays, and is gone when that has ended.
      await within(PING_MS, 'an answer', this.queue.remove(jobId)).catch(() => undefined);
      return { kind: 'blocked', ...given };
    }
  }

  #workerKnown(): boolean {
    return this.peers.list().some((peer) => peer.role === 'worker' && !peer.draining);
  }
}
