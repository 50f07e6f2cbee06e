import { OnWorkerEvent, Processor, WorkerHost } from '@nestjs/bullmq';
import { Inject, type OnApplicationBootstrap } from '@nestjs/common';
import type { Job } from 'bullmq';
import type { Logger } from '../common/logger.js';
import { LOGGER } from '../common/tokens.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { awayReason } from '../infra/redis/away-reason.js';
import { bounded } from '../infra/redis/bounded.js';
import { PEERS, type Peers } from '../state/peers.js';
import type { BatchOutcome } from './batch-outcome.js';
import { BatchWriter } from './batch-writer.js';
import { TELEMETRY_QUEUE_NAME, type TelemetryJobData } from './bullmq-job.js';
import type { TelemetryWorker } from './telemetry-worker.js';

/** How many batches at once: SQLite writes one at a time anyway. */
const POSTGRES_CONCURRENCY = 4;
const PING_MS = 500;
/** While something is wrong: how often to look whether it still is. */
const LOOK_EVERY_MS = 1_000;
const CLOSE_MS = 6_000;

/**
 * Takes batches from the queue and writes them. One that dies or freezes loses its lock after ten seconds, and within
 * five more another one has its batch. Bounded: a batch that kills workers must not go round for ever, and whoever
 * handed it over still has it.
 */
@Processor(TELEMETRY_QUEUE_NAME, {
  autorun: false,
  lockDuration: 10_000,
  stalledInterval: 5_000,
  maxStalledCount: 5,
  runRetryDelay: 1_000,
  // A frozen worker may swallow the call that wakes the others: they look by themselves, too.
  drainDelay: 1,
  skipVersionCheck: true,
})
export class BullmqProcessor extends WorkerHost implements OnApplicationBootstrap, TelemetryWorker {
  #error: string | null = null;
  #quiet = true;
  #look: NodeJS.Timeout | null = null;
  #stopping: Promise<void> | null = null;

  constructor(
    private readonly writer: BatchWriter,
    private readonly database: DatabaseService,
    @Inject(PEERS) private readonly peers: Peers,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {
    super();
  }

  onApplicationBootstrap(): void {
    this.worker.concurrency = this.database.dialect === 'postgres' ? POSTGRES_CONCURRENCY : 1;
    this.peers.describe(() => ({ batches: this.writer.batches, works: true }));
    this.database.onReady(() => this.#goOn());
    this.#goOn();
  }

  reachesQueue(): Promise<boolean> {
    return this.#error === null ? this.#ping() : Promise.resolve(false);
  }

  override async process(job: Job<TelemetryJobData>): Promise<BatchOutcome> {
    const outcome = await this.writer.write(job.data.batch);
    // Another worker may reach its database; this one leaves the queue to it until its own is back.
    if (!this.database.ready) void this.worker.pause(true);
    return outcome;
  }

  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#look !== null) clearTimeout(this.#look);
    // A server that is away cannot be told, and BullMQ would wait for it; the lock runs out by itself.
    const away = !(await this.#ping());
    await bounded(this.worker.close(away), away ? PING_MS : CLOSE_MS).catch(() => undefined);
  }

  #goOn(): void {
    if (this.#stopping !== null || !this.database.ready) return;
    if (this.worker.isPaused()) void this.worker.resume();
    else if (!this.worker.isRunning()) this.worker.run().catch((e: unknown) => this.failed(e as Error));
  }

  @OnWorkerEvent('error')
  failed(e: Error): void {
    if (this.#stopping !== null) return;
    this.#quiet = false;
    // BullMQ asks again at once: a server that answers with an error would be asked thousands of times a second.
    if (e.name === 'ReplyError') void this.worker.pause(true);
    const error = awayReason(e);
    if (this.#error === null)
      this.logger.warn({ event: 'worker.blocked', error }, 'the queue cannot be read');
    this.#error = error;
    this.#lookLater();
  }

  #lookLater(): void {
    this.#look ??= setTimeout(() => {
      this.#look = null;
      void this.#lookAgain();
    }, LOOK_EVERY_MS).unref();
  }

  /** Over when a second has passed without an error and the server answers. */
  async #lookAgain(): Promise<void> {
    const answers = this.#quiet && (await this.#ping());
    if (this.#stopping !== null) return;
    if (answers && this.#quiet) {
      this.#error = null;
      this.logger.info({ event: 'worker.running' }, 'the queue is read again');
    } else {
      this.#lookLater();
    }
    this.#quiet = true;
    this.#goOn();
  }

  #ping(): Promise<boolean> {
    const asked = this.worker.getBackend().client.then((client) => client.runCommand('ping', []));
    return bounded(asked, PING_MS).then(
      () => true,
      () => false,
    );
  }
}
