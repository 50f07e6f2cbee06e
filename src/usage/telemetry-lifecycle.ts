import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { DatabaseService } from '../infra/database/database.service.js';
import { FileSpool } from './file-spool.js';
import { SpoolAdopter } from './spool-adopter.js';
import { SpoolDrainer } from './spool-drainer.js';
import { TELEMETRY_WORKER, type TelemetryWorker } from './telemetry-worker.js';

const FLUSH_MS = 5_000;
const RESCAN_MS = 5_000;

/** When telemetry starts and stops: after the database is asked to connect, and before it is closed. */
@Injectable()
export class TelemetryLifecycle implements OnApplicationShutdown {
  #rescan: NodeJS.Timeout | null = null;
  #stopping: Promise<void> | null = null;

  constructor(
    private readonly database: DatabaseService,
    private readonly spool: FileSpool,
    private readonly drainer: SpoolDrainer,
    private readonly adopter: SpoolAdopter,
    @Inject(TELEMETRY_WORKER) private readonly worker: TelemetryWorker | null,
  ) {}

  /** Resolves when SQL has what ended processes left behind; at once when SQL cannot be reached (they wait). */
  async start(): Promise<void> {
    await this.adopter.adoptAll();
    this.drainer.start();
    this.#rescan = setInterval(() => void this.adopter.adoptAll(), RESCAN_MS);
    this.#rescan.unref();
  }

  onApplicationShutdown(): Promise<void> {
    return this.stop();
  }

  /** Flushes for at most 5 s; what does not get through stays on disk for the next process. Safe to call twice. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }

  async #stop(): Promise<void> {
    if (this.#rescan !== null) clearInterval(this.#rescan);
    if (this.database.ready) await this.drainer.flush(FLUSH_MS);
    await this.drainer.stop();
    await this.worker?.stop();
    this.spool.close();
    await this.database.close();
  }
}
