import { Injectable } from '@nestjs/common';
import { HealthIndicatorService, type HealthIndicatorResult } from '@nestjs/terminus';
import type { Dialect } from '../infra/database/column-types.js';
import { DatabaseService } from '../infra/database/database.service.js';

/** For everybody: what the driver says names hosts, users and files, and is shown by `/admin/state` only. */
const UNREACHABLE: Readonly<Record<Dialect, string>> = {
  postgres: 'Postgres cannot be reached; see database.error of /admin/state',
  sqlite: 'The SQLite file is not open; see database.error of /admin/state',
};

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
    return indicator.down({ message: UNREACHABLE[this.database.dialect] });
  }
}
