import { join } from 'node:path';
import { Module } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import type { Logger } from '../common/logger.js';
import { CLOCK, INSTANCE_ID, LOGGER } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { AffinityReadModel } from './affinity.read-model.js';
import { AuditReadModel } from './audit.read-model.js';
import { DecisionReadModel } from './decision.read-model.js';
import { DiagnosisReadModel } from './diagnosis.read-model.js';
import { EventReadModel } from './event.read-model.js';
import { FileSpool } from './file-spool.js';
import { ExportReadModel } from './export.read-model.js';
import { KeyUsageReadModel } from './key-usage.read-model.js';
import { OrphanedBindings } from './orphaned-bindings.js';
import { RecordDeliverer } from './record-deliverer.js';
import { RecordingModule } from './recording.module.js';
import { RequestReadModel } from './request.read-model.js';
import { SeriesReadModel } from './series.read-model.js';
import { SessionReadModel } from './session.read-model.js';
import { SPOOL } from './spool.js';
import { SpoolAdopter } from './spool-adopter.js';
import { DEAD_DIRECTORY } from './spool-claim.js';
import { SpoolDrainer } from './spool-drainer.js';
import { TelemetryLifecycle } from './telemetry-lifecycle.js';
import { TELEMETRY_QUEUE, type TelemetryQueue } from './telemetry-queue.js';
import { UnfinishedReadModel } from './unfinished.read-model.js';
import { UsageReadModel } from './usage.read-model.js';

const READ_MODELS = [
  AffinityReadModel,
  AuditReadModel,
  DecisionReadModel,
  DiagnosisReadModel,
  EventReadModel,
  ExportReadModel,
  KeyUsageReadModel,
  RequestReadModel,
  SeriesReadModel,
  SessionReadModel,
  UsageReadModel,
];

/** Custody of records from the exchange to SQL, and history read back. Needs DatabaseModule, TelemetryQueueModule, config, logger and clock. */
@Module({
  imports: [RecordingModule],
  providers: [
    ...READ_MODELS,
    UnfinishedReadModel,
    TelemetryLifecycle,
    {
      provide: FileSpool,
      inject: [APP_CONFIG, INSTANCE_ID, CLOCK, LOGGER],
      useFactory: (config: AppConfig, instanceId: string, clock: Clock, logger: Logger) =>
        FileSpool.open({ ...config.spool, root: rootOf(config), instanceId, clock, logger }),
    },
    { provide: SPOOL, useExisting: FileSpool },
    {
      provide: OrphanedBindings,
      inject: [APP_CONFIG, INSTANCE_ID],
      useFactory: (config: AppConfig, instanceId: string) => new OrphanedBindings(rootOf(config), instanceId),
    },
    {
      provide: RecordDeliverer,
      inject: [TELEMETRY_QUEUE, FileSpool, APP_CONFIG, LOGGER],
      useFactory: (queue: TelemetryQueue, spool: FileSpool, config: AppConfig, logger: Logger) =>
        delivererOf(queue, spool, rootOf(config), logger),
    },
    {
      provide: SpoolDrainer,
      inject: [FileSpool, RecordDeliverer, LOGGER],
      useFactory: (spool: FileSpool, deliverer: RecordDeliverer, logger: Logger) =>
        new SpoolDrainer(spool, deliverer, logger),
    },
    {
      provide: SpoolAdopter,
      inject: [APP_CONFIG, INSTANCE_ID, CLOCK, LOGGER, FileSpool, RecordDeliverer, UnfinishedReadModel],
      useFactory: (
        config: AppConfig,
        instanceId: string,
        clock: Clock,
        logger: Logger,
        spool: FileSpool,
        deliverer: RecordDeliverer,
        unfinished: UnfinishedReadModel,
      ) =>
        new SpoolAdopter({ root: rootOf(config), instanceId, clock, logger }, spool, deliverer, unfinished),
    },
  ],
  exports: [...READ_MODELS, RecordingModule, SPOOL, TelemetryLifecycle, SpoolDrainer, OrphanedBindings],
})
export class UsageModule {}

function rootOf(config: AppConfig): string {
  return join(config.dataDir, 'spool');
}

function delivererOf(queue: TelemetryQueue, spool: FileSpool, root: string, logger: Logger): RecordDeliverer {
  const deliverer = new RecordDeliverer(queue, join(root, DEAD_DIRECTORY), logger);
  deliverer.onDead = () => {
    spool.deadRecords++;
  };
  return deliverer;
}
