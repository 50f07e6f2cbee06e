import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { FleetWatch } from '../fleet/fleet-watch.service.js';

/**
 * Never down: processes that do not belong together still serve, and taking them out of service mends nothing. For
 * everybody, so that it names no host; `/admin/state` does.
 */
@Injectable()
export class FleetIndicator {
  constructor(
    private readonly watch: FleetWatch,
    private readonly indicators: HealthIndicatorService,
  ) {}

  check(): HealthIndicatorResult {
    const indicator = this.indicators.check('fleet');
    const problems = [...new Set(this.watch.problems.map(({ code }) => code))];
    if (problems.length === 0) return indicator.up();
    return indicator.up({ problems, message: 'See problems of /admin/state' });
  }
}
