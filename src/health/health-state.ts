import type { HealthStatus } from './resource-health.js';

/**
 * Why a resource gets no requests.
 * `hard`: the upstream said no to the key itself; `trialAt` is when one request may try again, null = never by itself.
 * `cooling`: the upstream said slow down. `ejected`: it failed; after `until` one request at a time tries, from `trialAt`.
 */
export type Verdict =
  | { readonly kind: 'hard'; readonly trialAt: number | null }
  | { readonly kind: 'cooling'; readonly until: number }
  | { readonly kind: 'ejected'; readonly until: number; readonly trialAt: number };

export interface DeniedModel {
  readonly model: string;
  readonly until: number;
}

export type Standing = Pick<HealthState, 'status' | 'reason' | 'detail' | 'since' | 'verdict'>;

export interface Doubt {
  readonly code: string;
  /** How often in a row it was given, what was under way together counted once. */
  readonly times: number;
  readonly before: Standing;
}

/** Everything known about one resource's health. A value: transitions answer a new one. Times are `steadyNow`. */
export interface HealthState {
  readonly status: HealthStatus;
  readonly reason: string;
  readonly detail: string | null;
  readonly since: number;
  readonly verdict: Verdict | null;
  /** Set while the verdict rests on nothing but a refusal with this code, which nobody here knows; and what it was before. */
  readonly doubted: Doubt | null;
  /** Of the last evidence for the verdict, or, without one, of what lifted the last; null = there never was one. */
  readonly judgedAt: number | null;
  /** Failures of the upstream in a row: 5xx, lost and cut answers. */
  readonly failures: number;
  /** How many of them, the last ones in a row, leave no doubt that it fails: complete 5xx answers. */
  readonly plain: number;
  /** Attempts in a row that did not even reach it. */
  readonly unsent: number;
  /** When it last broke off something that had been sent there whole. Null = never. */
  readonly lostAt: number | null;
  /** How often in a row, what was under way together counted once, and when the last one counted. */
  readonly losses: number;
  readonly lossCountedAt: number | null;
  /** Ejections so far without a quiet time between them; each lasts longer. */
  readonly ejections: number;
  readonly lastEjectionEnd: number | null;
  /** When a request was last sent there although it was out because of errors. */
  readonly sparedAt: number | null;
  /** When it came back from errors or from a refusal of the key; it then starts slowly. */
  readonly recoveredAt: number | null;
  readonly denied: readonly DeniedModel[];
  readonly probe: ProbeFacts | null;
}

export interface ProbeFacts {
  readonly at: number;
  readonly status: number | null;
  readonly latencyMs: number;
  readonly error: string | null;
}

export function initialHealth(now: number): HealthState {
  return {
    status: 'unknown',
    reason: 'not_tried',
    detail: null,
    since: now,
    verdict: null,
    doubted: null,
    judgedAt: null,
    failures: 0,
    plain: 0,
    unsent: 0,
    lostAt: null,
    losses: 0,
    lossCountedAt: null,
    ejections: 0,
    lastEjectionEnd: null,
    sparedAt: null,
    recoveredAt: null,
    denied: [],
    probe: null,
  };
}
