import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import { APP_FILTER, APP_GUARD } from '@nestjs/core';
import { TerminusModule } from '@nestjs/terminus';
import type { Logger } from 'pino';
import { AccessCheck } from './admin/access-check.service.js';
import { AccessGuard } from './admin/access.guard.js';
import { ErrorFilter } from './admin/error.filter.js';
import { MetricsController } from './admin/metrics.controller.js';
import { ConfigModule } from './config/config.module.js';
import type { AppConfig } from './config/app-config.js';
import { FleetModule } from './fleet/fleet.module.js';
import { DatabaseIndicator } from './health/database.indicator.js';
import { DrainIndicator } from './health/drain.indicator.js';
import { QueueIndicator } from './health/queue.indicator.js';
import { WorkerHealthController } from './health/worker-health.controller.js';
import { DatabaseModule } from './infra/database/database.module.js';
import { MetricsModule } from './infra/metrics/metrics.module.js';
import { RuntimeModule } from './runtime.module.js';
import { StateModule } from './state/state.module.js';
import { BullmqQueueModule } from './usage/bullmq-queue.module.js';
import { WorkerGauges } from './usage/worker-gauges.service.js';

/** The whole worker: no proxy, no admin API, nothing that sends anything upstream. */
@Module({})
export class WorkerModule {
  static forRoot(config: AppConfig, logger: Logger, instanceId: string): DynamicModule {
    return {
      module: WorkerModule,
      imports: [
        ConfigModule.forRoot(config),
        RuntimeModule.forRoot(logger, instanceId, 'worker'),
        DatabaseModule.forRoot(),
        MetricsModule,
        StateModule,
        FleetModule,
        BullmqQueueModule.forRoot({ sends: false, works: true }),
        TerminusModule.forRoot({ logger: false }),
      ],
      controllers: [WorkerHealthController, MetricsController],
      providers: [
        AccessCheck,
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_FILTER, useClass: ErrorFilter },
        DatabaseIndicator,
        DrainIndicator,
        QueueIndicator,
        WorkerGauges,
      ],
    };
  }
}
