import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import { DatabaseService } from '../infra/database/database.service.js';

/** Whether history can be read and written. Traffic goes on without it; records wait on disk. */
@Injectable()
export class DatabaseIndicator {
  constructor(
    private readonly database: DatabaseService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  check(): HealthIndicatorResult {
    const indicator = this.indicators.check('database');
    if (this.database.ready) return indicator.up();
    const cause = this.database.lastError ?? 'it is not connected yet';
    return indicator.down({ message: `The database is not reachable: ${cause}` });
  }
}
