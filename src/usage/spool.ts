import type { BodyRecord, EventRecord, FinishedRecord, StartedRecord } from './records.js';
import type { LossCounts } from './spool-losses.js';

/**
 * PORT spool: custody of records between the exchange and SQL. All three writes are synchronous appends that survive
 * the death of the process the moment they return; none throws: a full or broken disk is counted and shown, and
 * traffic goes on.
 */
export interface Spool {
  /** False when there was no place for it: `finished` must then tell it all, or the request be refused. */
  started(record: StartedRecord): boolean;
  /** Bodies are written before the record, in the same append; `null` = not captured. */
  finished(record: FinishedRecord, bodies: CapturedBodies): void;
  event(record: EventRecord): void;
  status(): SpoolStatus;
}

export const SPOOL = Symbol('Spool');

export interface CapturedBodies {
  readonly request: CapturedBody | null;
  readonly response: CapturedBody | null;
}

export interface CapturedBody {
  readonly meta: Omit<BodyRecord, 't' | 'id' | 'at' | 'direction'>;
  readonly chunks: readonly Buffer[];
}

export interface SpoolStatus {
  /** Records written and not yet in SQL. */
  readonly pending: number;
  readonly bytes: number;
  readonly oldestAt: number | null;
  /** Since start. */
  readonly shedBodies: number;
  readonly shedRecords: number;
  /** Both, by kind. */
  readonly shed: LossCounts;
  readonly tornRecords: number;
  /** Records no database would take, put aside in `<spool>/dead/`. */
  readonly deadRecords: number;
  /** False while the disk refuses writes. */
  readonly writable: boolean;
  /** There is a place for the start of another request. */
  readonly keepsRequests: boolean;
  /** Not everything is kept: the disk refuses, bodies have no room, or something was given up a moment ago. */
  readonly degraded: boolean;
  /** Last failure of the drain towards SQL, for people; null when the last batch went through. */
  readonly drainError: string | null;
}
