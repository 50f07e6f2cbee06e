import { Module } from '@nestjs/common';
import { ResourcesModule } from '../resources/resources.module.js';
import { StateModule } from '../state/state.module.js';
import { HealthService } from './health.service.js';
import { HealthSharing } from './health-sharing.service.js';
import { TrialClaims } from './trial-claims.js';
import { HEALTH_REPORTER, HEALTH_VIEW } from './resource-health.js';

/** What is thought of each resource. Apart from probing and its routes, so that the balancer depends on neither. */
@Module({
  imports: [ResourcesModule, StateModule],
  providers: [
    TrialClaims,
    HealthService,
    HealthSharing,
    { provide: HEALTH_VIEW, useExisting: HealthService },
    { provide: HEALTH_REPORTER, useExisting: HealthService },
  ],
  exports: [HealthService, HealthSharing, HEALTH_VIEW, HEALTH_REPORTER],
})
export class HealthStateModule {}
