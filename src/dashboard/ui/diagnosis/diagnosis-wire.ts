import type { Decision } from '../wire.js';

/** The parts of /admin/diagnostics and /admin/route/explain that their pages show. */
export interface Finding {
  readonly id: string;
  readonly severity: 'error' | 'warning' | 'note';
  readonly symptom: string;
  readonly evidence: readonly string[];
  readonly cause: string;
  readonly fix: string;
  /** `docs/troubleshooting.md#…`. */
  readonly docs: string;
}

export interface Check {
  readonly name: string;
  readonly title: string;
  readonly outcome: 'ok' | 'error' | 'warning' | 'note' | 'skipped';
  readonly detail: string | null;
}

export interface DiagnosedKey {
  readonly resource_id: string;
  readonly origin: string;
  readonly pool_id: string | null;
  readonly organization: string | null;
  readonly status: string;
  readonly reason: string;
  readonly models: readonly string[] | null;
  readonly denied_models: readonly string[];
}

export interface Diagnosis {
  readonly status: 'ok' | 'warning' | 'error';
  readonly findings: readonly Finding[];
  readonly checks: readonly Check[];
  readonly keys: readonly DiagnosedKey[];
  readonly version: string;
  readonly duration_ms: number;
  readonly timestamp: number;
}

/** What a fallback of the alias asked for would come to. */
export interface Fallback {
  readonly model: string;
  readonly resource_id: string | null;
  readonly explanation: string;
  readonly used: boolean;
}

export interface RouteExplanation extends Decision {
  readonly fallbacks: readonly Fallback[];
}
