import type { Resource } from '../resources/resource.js';

/** PORT: one GET below the resource's base URL with its key. Never rejects: what went wrong is in `error`. */
export interface ProbeSender {
  probe(resource: Resource, path: string, timeoutMs: number): Promise<ProbeAnswer>;
}

export const PROBE_SENDER = Symbol('ProbeSender');

export interface ProbeAnswer {
  /** Null when no answer came. */
  readonly status: number | null;
  readonly latencyMs: number;
  readonly error: string | null;
  readonly organization: string | null;
  /** `error.code` of the answer. */
  readonly code: string | null;
}
