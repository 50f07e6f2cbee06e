import 'reflect-metadata';
import { getQueueToken } from '@nestjs/bullmq';
import { Test, type TestingModule } from '@nestjs/testing';
import type { Queue } from 'bullmq';
import { DrainState } from '../../src/common/drain-state.js';
import { NestLogger } from '../../src/common/nest-logger.js';
import { Secret } from '../../src/common/secret.js';
import { bounded } from '../../src/infra/redis/bounded.js';
import type { AppConfig, DatabaseConfig } from '../../src/config/app-config.js';
import { ConfigModule } from '../../src/config/config.module.js';
import { loadConfig } from '../../src/config/load-config.js';
import { DatabaseModule } from '../../src/infra/database/database.module.js';
import { DatabaseService } from '../../src/infra/database/database.service.js';
import { RuntimeModule } from '../../src/runtime.module.js';
import { BatchWriter } from '../../src/usage/batch-writer.js';
import { TELEMETRY_QUEUE_NAME } from '../../src/usage/bullmq-job.js';
import { BullmqQueueModule } from '../../src/usage/bullmq-queue.module.js';
import { TELEMETRY_QUEUE, type TelemetryQueue } from '../../src/usage/telemetry-queue.js';
import { TelemetryQueueModule } from '../../src/usage/telemetry-queue.module.js';
import { TELEMETRY_WORKER, type TelemetryWorker } from '../../src/usage/telemetry-worker.js';
import { LogLines } from './log-lines.js';

export interface TelemetryWorldOptions {
  readonly database: DatabaseConfig;
  readonly redisUrl?: string;
  /** `api`: sends batches; `both`: and works on them; `worker`: works only. */
  readonly role?: 'api' | 'both' | 'worker';
}

let count = 0;

/** The queue's modules as a process composes them, without the rest of the process. */
export class TelemetryWorld {
  private constructor(
    private readonly app: TestingModule,
    readonly log: LogLines,
  ) {}

  static async start({ database, redisUrl, role = 'both' }: TelemetryWorldOptions): Promise<TelemetryWorld> {
    const config: AppConfig = {
      ...loadConfig({ PROXY_IN_PROCESS_WORKER: role === 'both' ? 'on' : 'off' }, '0.0.0'),
      database,
      redisUrl: redisUrl === undefined ? null : new Secret(redisUrl),
    };
    const log = new LogLines();
    const instanceId = `inst_${++count}`;
    const imports = [
      ConfigModule.forRoot(config),
      RuntimeModule.forRoot(log.logger, instanceId, role === 'worker' ? 'worker' : 'api'),
      DatabaseModule.forRoot(),
      role === 'worker'
        ? BullmqQueueModule.forRoot({ sends: false, works: true })
        : TelemetryQueueModule.forRoot(config),
    ];
    const app = await Test.createTestingModule({ imports }).setLogger(new NestLogger(log.logger)).compile();
    await app.get(DatabaseService, { strict: false }).connect();
    await app.init();
    return new TelemetryWorld(app, log);
  }

  get queue(): TelemetryQueue {
    return this.app.get<TelemetryQueue>(TELEMETRY_QUEUE, { strict: false });
  }

  get database(): DatabaseService {
    return this.app.get(DatabaseService, { strict: false });
  }

  /** Written by the worker of this process. */
  get batches(): number {
    return this.app.get(BatchWriter, { strict: false }).batches;
  }

  /** As somebody else with access to Redis might. */
  async addJob(data: unknown, ageMs = 0): Promise<void> {
    await this.app
      .get<Queue>(getQueueToken(TELEMETRY_QUEUE_NAME), { strict: false })
      .add('batch', data, { timestamp: Date.now() - ageMs });
  }

  async stop(): Promise<void> {
    this.app.get(DrainState, { strict: false }).begin();
    await this.app.get<TelemetryWorker | null>(TELEMETRY_WORKER, { strict: false })?.stop();
    await bounded(this.app.close(), 3_000).catch(() => undefined);
    await this.database.close();
  }
}
