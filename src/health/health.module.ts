import { Module } from '@nestjs/common';
import { TerminusModule } from '@nestjs/terminus';
import { FleetModule } from '../fleet/fleet.module.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { StateModule } from '../state/state.module.js';
import { UpstreamClient } from '../upstream/upstream-client.js';
import { UpstreamModule } from '../upstream/upstream.module.js';
import { UsageModule } from '../usage/usage.module.js';
import { DatabaseIndicator } from './database.indicator.js';
import { DrainIndicator } from './drain.indicator.js';
import { FleetIndicator } from './fleet.indicator.js';
import { HealthEventWriter } from './health-event-writer.service.js';
import { HealthStateModule } from './health-state.module.js';
import { HealthController } from './health.controller.js';
import { PROBE_SENDER } from './probe-sender.js';
import { ProberService } from './prober.service.js';
import { RecordsIndicator } from './records.indicator.js';
import { RedisIndicator } from './redis.indicator.js';
import { ResourcesIndicator } from './resources.indicator.js';
import { SCHEDULER, systemScheduler } from './scheduler.js';

/** Probing, the records of health changes, and the two health routes. */
@Module({
  imports: [
    HealthStateModule,
    StateModule,
    FleetModule,
    ResourcesModule,
    UpstreamModule,
    UsageModule,
    // Orchestrators ask every few seconds: a failing answer says why by itself.
    TerminusModule.forRoot({ logger: false }),
  ],
  controllers: [HealthController],
  providers: [
    ProberService,
    HealthEventWriter,
    ResourcesIndicator,
    DatabaseIndicator,
    RedisIndicator,
    RecordsIndicator,
    DrainIndicator,
    FleetIndicator,
    { provide: PROBE_SENDER, useExisting: UpstreamClient },
    { provide: SCHEDULER, useValue: systemScheduler },
  ],
  exports: [HealthStateModule, ProberService],
})
export class HealthModule {}
