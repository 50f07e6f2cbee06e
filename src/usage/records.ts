import type { AffinityBinding, DecisionRecord } from '../state/live-state.js';
import type { AttemptClass } from '../upstream/attempt-outcome.js';
import type { RetryReason } from './retry-reason.js';
import type { TokenUsage } from './token-usage.js';

/**
 * What the spool holds and the recorder writes. Each record is self-contained and idempotent: any number of copies
 * in any order gives the same rows. Times are epoch ms, durations ms, sizes bytes.
 */
export type TelemetryRecord = StartedRecord | FinishedRecord | BodyRecord | EventRecord;

/** On local disk before anything is sent upstream. */
export interface StartedRecord {
  readonly t: 'started';
  readonly id: string;
  readonly at: number;
  readonly instanceId: string;
  readonly callerId: string;
  readonly transport: 'http' | 'websocket';
  readonly method: string;
  /** Path without query: ids are in it, secrets are not. */
  readonly path: string;
  readonly model: string | null;
  readonly stream: boolean;
  readonly poolId: string | null;
  readonly session: SessionRef | null;
  readonly userAgent: string | null;
  readonly requestBytes: number;
  /** The first attempt's decision. */
  readonly decision: DecisionRecord;
}

export interface SessionRef {
  /** As the client sent it. */
  readonly id: string;
  readonly source: string;
  readonly name: string | null;
  readonly threadId: string | null;
  readonly parentThreadId: string | null;
}

export type RequestState =
  | 'completed'
  | 'incomplete'
  | 'failed'
  | 'upstream_error'
  | 'client_aborted'
  | 'timeout'
  | 'interrupted'
  | 'rejected';

/** On local disk before the last byte reaches the client. `interrupted` ones are written by whoever adopts the spool. */
export interface FinishedRecord {
  readonly t: 'finished';
  readonly id: string;
  /** When the request started; lets a lone `finished` make a complete row. */
  readonly startedAt: number;
  readonly at: number;
  readonly state: RequestState;
  /** What the client heard; null when it heard nothing, or when nobody knows after a crash. */
  readonly statusCode: number | null;
  readonly resourceId: string | null;
  /** Code of the proxy's own error or of the upstream's. */
  readonly errorCode: string | null;
  readonly errorMessage: string | null;
  /** `proxy` when the error is ours, `upstream` when it was passed on. */
  readonly errorSource: 'proxy' | 'upstream' | null;
  readonly latencyMs: number;
  readonly firstByteMs: number | null;
  /** Null = not known: the process that counted has crashed. */
  readonly responseBytes: number | null;
  readonly responseId: string | null;
  readonly upstreamRequestId: string | null;
  /** Model the answer names. */
  readonly servedModel: string | null;
  readonly usage: TokenUsage | null;
  /** Millionths of a US dollar, by the prices of that moment; null = not known. Older records have none. */
  readonly cost?: number | null;
  /** What counts for the budgets of its client key although the answer did not tell it. Older records have none. */
  readonly charged?: KeyCharge | null;
  /** Empty for an interrupted one = not known. */
  readonly attempts: readonly AttemptRecord[];
  /** Decisions of attempts after the first. */
  readonly decisions: readonly DecisionRecord[];
  readonly bindings: readonly AffinityBinding[];
  /** For requests that never started (refused before dispatch): the same facts `started` would have held. */
  readonly rejected: Omit<StartedRecord, 't' | 'id' | 'decision'> | null;
}

/** An estimate; no sum but that of the key's day has it. */
export interface KeyCharge {
  readonly callerId: string;
  readonly instanceId: string;
  readonly tokens: number;
  /** Millionths of a US dollar. */
  readonly cost: number;
}

export interface AttemptRecord {
  /** From 1. */
  readonly n: number;
  readonly resourceId: string;
  readonly class: AttemptClass;
  readonly status: number | null;
  readonly error: string | null;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** Why another attempt followed, or none did. Older records have none. */
  readonly retryReason?: RetryReason;
}

/** A captured body, at most PROXY_MAX_CAPTURE_BYTES of it. The first thing to be shed when the spool is full. */
export interface BodyRecord {
  readonly t: 'body';
  /** Request id. */
  readonly id: string;
  readonly at: number;
  readonly direction: 'request' | 'response';
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  /** Size of the whole body; more than the data when truncated. */
  readonly size: number;
  readonly truncated: boolean;
}

/** Something that happened to a resource or to the process: health changes, shed records, replays. */
export interface EventRecord {
  readonly t: 'event';
  readonly id: string;
  readonly at: number;
  /** Dotted: `resource.health`, `spool.shed`, `spool.adopted`, `process.started`. */
  readonly kind: string;
  readonly severity: 'info' | 'warn' | 'error';
  readonly resourceId: string | null;
  readonly requestId: string | null;
  readonly message: string;
  /** Small, flat, no secrets. */
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}
