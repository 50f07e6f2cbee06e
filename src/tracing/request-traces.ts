import type { DecisionRecord } from '../state/live-state.js';
import type { FinishedRecord, StartedRecord } from '../usage/records.js';

/** What a trace is made of: the finished record and what was known when the request started. No body, no secret. */
export interface TracedRequest {
  readonly record: FinishedRecord;
  readonly start: Omit<StartedRecord, 't' | 'id' | 'decision'>;
  /** Every decision, in order. */
  readonly decisions: readonly DecisionRecord[];
  /** The model runs, as opposed to questions about what it has made. */
  readonly generates: boolean;
  /** Of the caller, as it came. */
  readonly parent: TraceParent;
}

export interface TraceParent {
  readonly traceparent: string | null;
  readonly tracestate: string | null;
}

/** Takes finished requests. Never throws, never waits. */
export interface RequestTraces {
  record(request: TracedRequest): void;
}
