import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { decodeBatch } from './batch-codec.js';
import { type BatchOutcome, failedOutcome } from './batch-outcome.js';
import { DirectTelemetryQueue } from './direct-telemetry-queue.js';
import type { SpooledRecord } from './telemetry-queue.js';
import { TelemetryUnavailable } from './telemetry-unavailable.js';

/** The worker's half of the queue: from what was sent to SQL, and an answer for whoever sent it. Never rejects. */
@Injectable()
export class BatchWriter {
  /** Written since the start. */
  batches = 0;
  records = 0;

  constructor(
    private readonly direct: DirectTelemetryQueue,
    @Inject(APP_CONFIG) private readonly config: Pick<AppConfig, 'worker'>,
  ) {}

  async write(payload: unknown): Promise<BatchOutcome> {
    let batch: readonly SpooledRecord[];
    try {
      batch = await decodeBatch(payload);
    } catch (e: unknown) {
      return failedOutcome('unreadable', e);
    }
    try {
      await this.direct.deliver(batch);
    } catch (e: unknown) {
      return failedOutcome(e instanceof TelemetryUnavailable ? 'unavailable' : 'refused', e);
    }
    // As if the power had gone: SQL has the batch, and nobody will ever be told.
    if (this.config.worker.failpoint === 'after_commit') process.kill(process.pid, 'SIGKILL');
    this.batches++;
    this.records += batch.length;
    return { kind: 'written', records: batch.length };
  }
}
