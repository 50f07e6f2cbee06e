import { Inject, type OnApplicationShutdown } from '@nestjs/common';
import { OnQueueEvent, QueueEventsHost, QueueEventsListener } from '@nestjs/bullmq';
import type { Clock } from '../common/clock.js';
import { CLOCK } from '../common/tokens.js';
import { bounded } from '../infra/redis/bounded.js';
import { type BatchOutcome, failedOutcome, outcomeOf } from './batch-outcome.js';
import { TELEMETRY_QUEUE_NAME } from './bullmq-job.js';

const CLOSE_MS = 500;

/**
 * What workers tell of batches, on a connection of its own. Read from the beginning of the (short) stream: what happens
 * between the hand-over of a batch and the first read is not missed.
 */
@QueueEventsListener(TELEMETRY_QUEUE_NAME, { lastEventId: '0-0' })
export class BullmqEvents extends QueueEventsHost implements OnApplicationShutdown {
  /** Monotonic time of the last thing any worker did. */
  lastSign = -Infinity;
  /** Called for each. */
  onSign: () => void = () => undefined;
  readonly #expected = new Map<string, (outcome: BatchOutcome) => void>();

  constructor(@Inject(CLOCK) private readonly clock: Clock) {
    super();
  }

  /** Resolves with what becomes of a job; `forget` it in any case. Called before the job is handed over. */
  expect(jobId: string): Promise<BatchOutcome> {
    return new Promise((resolve) => this.#expected.set(jobId, resolve));
  }

  forget(jobId: string): void {
    this.#expected.delete(jobId);
  }

  @OnQueueEvent('active')
  active(): void {
    this.lastSign = this.clock.monotonic();
    this.onSign();
  }

  @OnQueueEvent('completed')
  completed({ jobId, returnvalue }: { jobId: string; returnvalue: unknown }): void {
    this.active();
    const outcome =
      outcomeOf(returnvalue) ?? failedOutcome('unreadable', 'the worker answered something else');
    this.#expected.get(jobId)?.(outcome);
  }

  /** The processor itself never fails: the job was given up because its workers kept dying, or was removed by hand. */
  @OnQueueEvent('failed')
  failed({ jobId, failedReason }: { jobId: string; failedReason: string }): void {
    this.active();
    this.#expected.get(jobId)?.(failedOutcome('unavailable', failedReason));
  }

  /** Told by those who wait for a batch: an event that does not come is noticed there. */
  @OnQueueEvent('error')
  error(): void {}

  override async onApplicationShutdown(): Promise<void> {
    // Without a server BullMQ would wait for one in order to say goodbye to it.
    const closed = Promise.resolve(super.onApplicationShutdown()).catch(() => undefined);
    await bounded(Promise.all([this.queueEvents.getBackend().close(true), closed]), CLOSE_MS).catch(
      () => undefined,
    );
  }
}
