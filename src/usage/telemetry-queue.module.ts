import { type DynamicModule, Global, Module } from '@nestjs/common';
import type { AppConfig } from '../config/app-config.js';
import { BullmqQueueModule } from './bullmq-queue.module.js';
import { BullmqTelemetryQueue } from './bullmq-telemetry-queue.js';
import { DirectTelemetryQueue } from './direct-telemetry-queue.js';
import { RecordingModule } from './recording.module.js';
import { TELEMETRY_QUEUE } from './telemetry-queue.js';
import { TELEMETRY_WORKER } from './telemetry-worker.js';

/** Which way an API process's records take to SQL: its own hands, or the workers of BullMQ. */
@Global()
@Module({})
export class TelemetryQueueModule {
  static forRoot(config: Pick<AppConfig, 'redisUrl' | 'inProcessWorker'>): DynamicModule {
    const queued = config.redisUrl !== null;
    const works = queued && config.inProcessWorker;
    return {
      module: TelemetryQueueModule,
      imports: queued ? [BullmqQueueModule.forRoot({ sends: true, works })] : [RecordingModule],
      providers: [
        { provide: TELEMETRY_QUEUE, useExisting: queued ? BullmqTelemetryQueue : DirectTelemetryQueue },
        ...(works ? [] : [{ provide: TELEMETRY_WORKER, useValue: null }]),
      ],
      exports: [TELEMETRY_QUEUE, works ? BullmqQueueModule : TELEMETRY_WORKER],
    };
  }
}
