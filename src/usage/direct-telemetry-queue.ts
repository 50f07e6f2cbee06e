import { Injectable } from '@nestjs/common';
import { isDatabaseBlocked } from '../infra/database/database-errors.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { Recorder } from './recorder.js';
import type { SpooledRecord, TelemetryQueue } from './telemetry-queue.js';
import { TelemetryUnavailable } from './telemetry-unavailable.js';

/** Writes SQL in this process. */
@Injectable()
export class DirectTelemetryQueue implements TelemetryQueue {
  constructor(
    private readonly database: DatabaseService,
    private readonly recorder: Recorder,
  ) {}

  async deliver(batch: readonly SpooledRecord[]): Promise<void> {
    if (!this.database.ready)
      throw new TelemetryUnavailable(this.database.lastError ?? 'the database is not connected');
    try {
      await this.recorder.write(batch);
    } catch (e: unknown) {
      if (isDatabaseBlocked(e)) throw new TelemetryUnavailable((e as Error).message, { cause: e });
      throw e;
    }
  }
}
