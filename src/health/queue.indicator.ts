import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { TELEMETRY_WORKER, type TelemetryWorker } from '../usage/telemetry-worker.js';

/** Whether a worker can take batches out of Redis. */
@Injectable()
export class QueueIndicator {
  constructor(
    @Inject(TELEMETRY_WORKER) private readonly worker: TelemetryWorker,
    private readonly indicators: HealthIndicatorService,
  ) {}

  async check(): Promise<HealthIndicatorResult> {
    const indicator = this.indicators.check('redis');
    if (await this.worker.reachesQueue()) return indicator.up();
    // For everybody: what the driver says names hosts and users, and is in the log.
    return indicator.down({ message: 'Redis cannot be reached, or refuses commands; see the log' });
  }
}
