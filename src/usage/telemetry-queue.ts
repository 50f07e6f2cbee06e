import type { TelemetryRecord } from './records.js';

/** A record as it comes out of the spool; `body` is set for body records only. */
export interface SpooledRecord {
  readonly record: TelemetryRecord;
  readonly body: Buffer | null;
}

/**
 * PORT telemetry-queue: from the spool to SQL, here or in a worker. At least once, in any order: everything behind it
 * is idempotent. Resolves when SQL has the whole batch; the spool forgets it only then. Rejects with
 * `TelemetryUnavailable` when the records are fine and the way is blocked (try again later), with anything else when
 * a record of the batch may be to blame. A rejected batch may have been written partly.
 */
export interface TelemetryQueue {
  deliver(batch: readonly SpooledRecord[]): Promise<void>;
}

export const TELEMETRY_QUEUE = Symbol('TelemetryQueue');
