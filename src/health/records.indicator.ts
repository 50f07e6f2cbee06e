import { Inject, Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { SPOOL, type Spool } from '../usage/spool.js';

/** Whether requests can be recorded. Down only where one that cannot be is refused: others serve all the same. */
@Injectable()
export class RecordsIndicator {
  constructor(
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    @Inject(SPOOL) private readonly spool: Spool,
    private readonly indicators: HealthIndicatorService,
  ) {}

  check(): HealthIndicatorResult {
    const indicator = this.indicators.check('records');
    const { keepsRequests, degraded } = this.spool.status();
    if (keepsRequests || !this.config.capture.strict) return indicator.up({ capture_degraded: degraded });
    return indicator.down({
      message: 'Requests cannot be recorded and PROXY_CAPTURE_MODE is strict; see spool of /admin/state',
    });
  }
}
