import { Module } from '@nestjs/common';
import type { DynamicModule } from '@nestjs/common';
import type { Logger } from 'pino';
import { AdminModule } from './admin/admin.module.js';
import { ConfigModule } from './config/config.module.js';
import type { AppConfig } from './config/app-config.js';
import { DashboardModule } from './dashboard/dashboard.module.js';
import { HealthModule } from './health/health.module.js';
import { DatabaseModule } from './infra/database/database.module.js';
import { MetricsModule } from './infra/metrics/metrics.module.js';
import { ProxyModule } from './proxy/proxy.module.js';
import { RuntimeModule } from './runtime.module.js';
import { TelemetryQueueModule } from './usage/telemetry-queue.module.js';

/** The whole program. The only place that knows which adapter runs behind a port. */
@Module({})
export class AppModule {
  static forRoot(config: AppConfig, logger: Logger, instanceId: string): DynamicModule {
    return {
      module: AppModule,
      imports: [
        ConfigModule.forRoot(config),
        RuntimeModule.forRoot(logger, instanceId, 'api'),
        DatabaseModule.forRoot(),
        MetricsModule,
        TelemetryQueueModule.forRoot(config),
        HealthModule,
        ProxyModule,
        AdminModule,
        DashboardModule,
      ],
    };
  }
}
