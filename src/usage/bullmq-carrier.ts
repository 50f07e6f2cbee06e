import { setTimeout as sleep } from 'node:timers/promises';
import { InjectQueue } from '@nestjs/bullmq';
import { type BeforeApplicationShutdown, Inject, Injectable } from '@nestjs/common';
import type { Queue } from 'bullmq';
import type { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { CLOCK } from '../common/tokens.js';
import { awayReason } from '../infra/redis/away-reason.js';
import { bounded } from '../infra/redis/bounded.js';
import type { BatchOutcome } from './batch-outcome.js';
import { type GivenUp, giveUp } from './batch-wait.js';
import { BullmqEvents } from './bullmq-events.js';
import { TELEMETRY_QUEUE_NAME, type TelemetryJobData } from './bullmq-job.js';
import { BullmqLeftovers } from './bullmq-leftovers.js';

const PING_MS = 500;
const ADD_MS = 3_000;
const LOOK_EVERY_MS = 1_000;
/** A server that is away is asked again after this. */
const REDIS_PAUSE_MS = 3_000;

export type CarriedBatch = BatchOutcome | ({ readonly kind: 'blocked' } & GivenUp);

/** Hands one batch to the workers and waits for what they say. Never rejects. */
@Injectable()
export class BullmqCarrier implements BeforeApplicationShutdown {
  #hope: () => void = () => undefined;
  #workerKnown = true;
  #lookedAt = 0;
  readonly #leftovers: BullmqLeftovers;
  /** Of each kind there is one at most: those that a server which is away never answers stay in our memory. */
  #pinging: Promise<unknown> | null = null;
  #counting: Promise<number> | null = null;

  constructor(
    @InjectQueue(TELEMETRY_QUEUE_NAME) private readonly queue: Queue<TelemetryJobData>,
    private readonly events: BullmqEvents,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {
    queue.on('error', () => undefined); // told by every `carry` that meets it
    this.#leftovers = new BullmqLeftovers(queue, () => this.#ping(), clock);
  }

  /** Called when there is a reason to think that a worker would take a batch now. */
  onHope(listener: () => void): void {
    this.events.onSign = listener;
    this.#hope = listener;
  }

  /** Cheap, and answered by `onHope` if at all. Only when there was none before: one that is there may be frozen. */
  lookForWorkers(): void {
    const now = this.clock.monotonic();
    if (this.#workerKnown || now - this.#lookedAt < LOOK_EVERY_MS) return;
    this.#lookedAt = now;
    void this.#look().then((found) => {
      if (found) this.#hope();
    });
  }

  /** Without a server the queue would wait for one in order to say goodbye to it. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#leftovers.stop();
    const answers = await bounded(this.#ping(), PING_MS).catch(() => null);
    if (answers === null) await bounded(this.queue.getBackend().close(true), PING_MS).catch(() => undefined);
  }

  async carry(batch: string): Promise<CarriedBatch> {
    // Never a number counted by Redis: after a flush two batches would have the same.
    const jobId = newId('batch', this.clock.now());
    const told = this.events.expect(jobId);
    try {
      await this.#add(jobId, batch);
      return await this.#outcome(jobId, told);
    } catch (e: unknown) {
      this.#leftovers.add(jobId);
      return { kind: 'blocked', reason: `Redis: ${awayReason(e)}`, pauseMs: REDIS_PAUSE_MS };
    } finally {
      this.events.forget(jobId);
    }
  }

  async #add(jobId: string, batch: string): Promise<void> {
    // A command given to a frozen server stays in our memory: a batch is given only to one that answers.
    await bounded(this.#ping(), PING_MS);
    void this.#leftovers.remove();
    // Gone with its payload as soon as it is done, or has failed: what became of it is in the event.
    const options = { jobId, attempts: 1, removeOnComplete: true, removeOnFail: true };
    await bounded(this.queue.add('batch', { batch }, options), ADD_MS);
  }

  #ping(): Promise<unknown> {
    this.#pinging ??= this.queue
      .getBackend()
      .client.then((client) => client.runCommand('ping', []))
      .finally(() => (this.#pinging = null));
    return this.#pinging;
  }

  #countWorkers(): Promise<number> {
    this.#counting ??= this.queue.getWorkersCount().finally(() => (this.#counting = null));
    return this.#counting;
  }

  async #outcome(jobId: string, told: Promise<BatchOutcome>): Promise<CarriedBatch> {
    const addedAt = this.clock.monotonic();
    for (;;) {
      const outcome = await Promise.race([told, sleep(LOOK_EVERY_MS, null, { ref: false })]);
      if (outcome !== null) return outcome;
      const state = await bounded(this.queue.getJobState(jobId), PING_MS);
      const now = this.clock.monotonic();
      const silentMs = now - Math.max(addedAt, this.events.lastSign);
      const workerKnown = await this.#look();
      const given = giveUp({ state, waitedMs: now - addedAt, silentMs, workerKnown });
      if (given === null) continue;
      this.#leftovers.add(jobId);
      await this.#leftovers.remove();
      return { kind: 'blocked', ...given };
    }
  }

  /** Whether any worker is connected to Redis. One that was killed is not; one that is frozen is. */
  async #look(): Promise<boolean> {
    try {
      await bounded(this.#ping(), PING_MS);
      this.#workerKnown = (await bounded(this.#countWorkers(), PING_MS)) > 0;
    } catch {
      this.#workerKnown = false; // a server that does not answer, or lets nobody ask
    }
    return this.#workerKnown;
  }
}
