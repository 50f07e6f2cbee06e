import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import { CLOCK, LOGGER } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { PEERS, type Peers } from '../state/peers.js';
import { HistoryPruner } from './history-pruner.js';

const FIRST_RUN_MS = 5 * 60_000;
const INTERVAL_MS = 60 * 60_000;
/** Of all processes on one database one prunes. A little less than the interval: the next turn is not missed. */
const TURN_MS = INTERVAL_MS - 60_000;

/** Deletes what is older than the operator wants to keep, a little at a time; and sees to the sums of recent hours. */
@Injectable()
export class RetentionService implements OnApplicationBootstrap, OnApplicationShutdown {
  #timer: NodeJS.Timeout | null = null;
  #running: Promise<unknown> | null = null;
  /** Told once, until it is over. */
  #troubled = false;
  readonly #pruner: HistoryPruner;

  constructor(
    private readonly database: DatabaseService,
    @Inject(APP_CONFIG) config: Pick<AppConfig, 'retention'>,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PEERS) private readonly peers: Pick<Peers, 'claim'>,
    @Inject(LOGGER) private readonly logger: Pick<Logger, 'warn' | 'info'>,
  ) {
    this.#pruner = new HistoryPruner(database, config.retention);
  }

  onApplicationBootstrap(): void {
    this.#schedule(FIRST_RUN_MS);
  }

  async onApplicationShutdown(): Promise<void> {
    this.#pruner.stop();
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#running;
  }

  /** Rows deleted by table. */
  async prune(): Promise<Record<string, number>> {
    const deleted = await this.#pruner.prune(this.clock.now());
    const { hours, error } = this.#pruner.unsummed;
    this.#tell(
      { event: 'retention.unsummed', hours: hours.map((hour) => new Date(hour).toISOString()), err: error },
      'hours of history could not be summed; their requests are kept until they are',
    );
    return deleted;
  }

  #tell(
    problem: { readonly event: string; readonly err: unknown; readonly hours?: string[] },
    message: string,
  ): void {
    const { err } = problem;
    // Of a database that is away others speak; one statement of a database that is there may fail with the same code.
    if (err !== null && !this.database.ready) return;
    const troubled = err !== null;
    if (troubled && !this.#troubled) this.logger.warn(problem, message);
    if (!troubled && this.#troubled)
      this.logger.info({ event: 'retention.recovered' }, 'retention works again');
    this.#troubled = troubled;
  }

  async #takeTurn(): Promise<void> {
    if (await this.peers.claim('retention', TURN_MS)) await this.prune();
  }

  #schedule(delayMs: number): void {
    if (this.#pruner.stopped) return;
    this.#timer = setTimeout(() => {
      // A failed run is no harm: the next one takes up where it stopped.
      this.#running = this.#takeTurn()
        .catch((e: unknown) =>
          this.#tell({ event: 'retention.failed', err: e }, 'old history could not be deleted'),
        )
        .finally(() => this.#schedule(INTERVAL_MS));
    }, delayMs);
    this.#timer.unref();
  }
}
