import { Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { INSTANCE_ID, LOGGER } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { MetricsService } from '../infra/metrics/metrics.service.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { TracingService } from './tracing.service.js';

/** OpenTelemetry, for who has a collector. */
@Module({
  imports: [ResourcesModule],
  providers: [
    {
      provide: TracingService,
      useFactory: (
        config: AppConfig,
        logger: Logger,
        instanceId: string,
        metrics: MetricsService,
        resources: ResourceRegistry,
      ): Promise<TracingService> => TracingService.start({ config, logger, instanceId, metrics, resources }),
      inject: [APP_CONFIG, LOGGER, INSTANCE_ID, MetricsService, ResourceRegistry],
    },
  ],
  exports: [TracingService],
})
export class TracingModule {}
