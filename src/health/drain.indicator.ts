import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { DrainState } from '../common/drain-state.js';

/** Down from the moment the process begins to stop, so that a load balancer sends it nothing new. */
@Injectable()
export class DrainIndicator {
  constructor(
    private readonly drain: DrainState,
    private readonly indicators: HealthIndicatorService,
  ) {}

  check(): HealthIndicatorResult {
    const indicator = this.indicators.check('process');
    if (!this.drain.leaving) return indicator.up();
    return indicator.down({ message: 'The process is draining before it stops' });
  }
}
