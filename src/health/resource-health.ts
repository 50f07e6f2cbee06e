import type { AttemptOutcome } from '../upstream/attempt-outcome.js';

export type HealthStatus = 'healthy' | 'degraded' | 'unhealthy' | 'unknown';

/** What is thought of one resource, and why. */
export interface ResourceHealth {
  readonly status: HealthStatus;
  /** Stable snake_case: `probe_ok`, `served`, `invalid_key`, `insufficient_quota`, `rate_limited`, `unreachable`, `server_errors`, … */
  readonly reason: string;
  /** One sentence for a person; no secrets. */
  readonly detail: string | null;
  /** Epoch ms. */
  readonly since: number;
  /** Epoch ms until which no request is sent there; null = not cooling. */
  readonly until: number | null;
  readonly lastProbeAt: number | null;
  readonly lastProbeStatus: number | null;
  readonly lastProbeLatencyMs: number | null;
  readonly lastProbeError: string | null;
  readonly consecutiveFailures: number;
  /** Models this key was refused for (403/404 `model_not_found`), bounded. */
  readonly deniedModels: readonly string[];
}

/** PORT for the balancer: synchronous, from memory. */
export interface HealthView {
  of(resourceId: string): ResourceHealth;
  /** Null = may serve; otherwise why not and until when (epoch ms, null = until something changes). */
  refusal(
    resourceId: string,
    model: string | null,
    now: number,
  ): { readonly reason: 'unhealthy' | 'cooling' | 'model_denied'; readonly until: number | null } | null;
}

export const HEALTH_VIEW = Symbol('HealthView');

/** PORT for whoever saw an answer. */
export interface HealthReporter {
  report(resourceId: string, model: string | null, outcome: AttemptOutcome): void;
}

export const HEALTH_REPORTER = Symbol('HealthReporter');
