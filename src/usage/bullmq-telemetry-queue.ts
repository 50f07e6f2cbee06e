import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { DrainState } from '../common/drain-state.js';
import type { Logger } from '../common/logger.js';
import { CLOCK, LOGGER } from '../common/tokens.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { encodeBatch } from './batch-codec.js';
import { BullmqCarrier } from './bullmq-carrier.js';
import { DirectTelemetryQueue } from './direct-telemetry-queue.js';
import { QueueRoute } from './queue-route.js';
import type { SpooledRecord, TelemetryQueue } from './telemetry-queue.js';
import { TelemetryUnavailable } from './telemetry-unavailable.js';

/** A worker that does not understand what it gets is of another version; a deployment ends some time. */
const OTHER_VERSION_PAUSE_MS = 15_000;

/**
 * Through Redis to the workers, one batch at a time; straight to SQL while Redis or the workers are away. Redis holds
 * what is in hand and nothing else, and losing it loses nothing.
 */
@Injectable()
export class BullmqTelemetryQueue implements TelemetryQueue {
  readonly #route = new QueueRoute();

  constructor(
    private readonly carrier: BullmqCarrier,
    private readonly direct: DirectTelemetryQueue,
    private readonly database: DatabaseService,
    private readonly drain: DrainState,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    carrier.onHope(() => this.#route.hint());
  }

  async deliver(batch: readonly SpooledRecord[]): Promise<void> {
    if (this.#goesDirect()) {
      this.carrier.lookForWorkers();
      return this.direct.deliver(batch);
    }
    const encoded = await encodeBatch(batch);
    if (encoded === null) return this.direct.deliver(batch);
    const carried = await this.carrier.carry(encoded);
    switch (carried.kind) {
      case 'written':
        return this.#carried();
      case 'refused':
        this.#carried();
        throw new Error(carried.reason);
      case 'unavailable':
        return this.#otherwise(batch, `the worker's database: ${carried.reason}`);
      case 'unreadable':
        this.#leaveAlone(carried.reason, OTHER_VERSION_PAUSE_MS);
        return this.#otherwise(batch, carried.reason);
      case 'blocked':
        this.#leaveAlone(carried.reason, carried.pauseMs);
        return this.#otherwise(batch, carried.reason);
      default:
        throw new TypeError(`unknown outcome ${String(carried satisfies never)}`);
    }
  }

  /** A process on its way out waits for nobody; with its own database away it can only hope for the workers. */
  #goesDirect(): boolean {
    return this.database.ready && (this.drain.draining || !this.#route.isOpen(this.clock.monotonic()));
  }

  #otherwise(batch: readonly SpooledRecord[], reason: string): Promise<void> {
    if (this.database.ready) return this.direct.deliver(batch);
    throw new TelemetryUnavailable(reason);
  }

  #leaveAlone(reason: string, pauseMs: number): void {
    if (this.#route.close(reason, this.clock.monotonic(), pauseMs))
      this.logger.warn({ event: 'telemetry.direct', reason }, 'records go to SQL without a worker');
  }

  #carried(): void {
    if (this.#route.worked())
      this.logger.info({ event: 'telemetry.queued' }, 'records go through the workers again');
  }
}
