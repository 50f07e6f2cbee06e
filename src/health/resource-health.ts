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
  /** Null = may serve. `now` is `steadyNow(clock)`, and so is the answer's `until`. */
  refusal(resourceId: string, model: string | null, now: number): HealthRefusal | null;
  /** Part of its weight that a resource may use, up to 1: less while it starts slowly. `now` is `steadyNow(clock)`. */
  warmth(resourceId: string, now: number): number;
  /** Losses in a row of a resource that lost a request a moment ago; 0 = none was lost. `now` is `steadyNow(clock)`. */
  lostLately(resourceId: string, now: number): number;
}

/** Why a resource may not serve a request right now. */
export interface HealthRefusal {
  readonly reason: 'unhealthy' | 'cooling' | 'model_denied';
  /** When that ends by itself; null = only something new ends it. */
  readonly until: number | null;
  /**
   * True when it rests on failures (errors, no connection, a model refused earlier) and not on what the upstream
   * demanded (bad key, no quota, slow down): such a resource may still be used when nobody better is left.
   */
  readonly soft: boolean;
  /**
   * From when on one more request may be risked on it beside those that are well. Null = none: what it does to requests
   * is not known to be harmless (only complete 5xx answers and connections that are not made are).
   */
  readonly spareAt: number | null;
}

export const HEALTH_VIEW = Symbol('HealthView');

/** PORT for whoever saw an answer. */
export interface HealthReporter {
  /** A request is about to go there: takes the one place of a trial, if the resource is on trial. */
  admitted(resourceId: string): void;
  /**
   * `startedAt` (`steadyNow(clock)`): an answer to a request older than a verdict does not lift the verdict.
   * `exercises` (true when left out): the request was to run the model, so a refusal is about that.
   */
  report(
    resourceId: string,
    model: string | null,
    outcome: AttemptOutcome,
    startedAt?: number,
    exercises?: boolean,
  ): void;
  /** A refusal with this code was the request's fault, as another key has shown: what rests on that alone is taken back. */
  acquit(resourceId: string, code: string): void;
}

export const HEALTH_REPORTER = Symbol('HealthReporter');
