import { Module } from '@nestjs/common';
import { HealthStateModule } from '../health/health-state.module.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { StateModule } from '../state/state.module.js';
import { Balancer } from './balancer.service.js';

@Module({
  imports: [ResourcesModule, StateModule, HealthStateModule],
  providers: [Balancer],
  exports: [Balancer],
})
export class BalancerModule {}
