import { lacksScope } from './account-codes.js';
import type { HealthState, ProbeFacts } from './health-state.js';
import { become, condemn, failed, lift, missed } from './health-transitions.js';
import type { ProbeAnswer } from './probe-sender.js';

/**
 * What a probe of the health path says. Live answers outrank it, because listing models exercises neither quota nor
 * permission to generate.
 *
 * - 2xx: healthy from unknown, degraded by probes, `invalid_key` or `unreachable`. Clears no `forbidden`,
 *   `insufficient_quota`, `rate_limited` or `server_errors`; asked for by an operator, it makes the next trial due at once.
 * - 401: `invalid_key`. 403, and 401 for a missing scope: the key may serve; at most degraded, and only from unknown.
 * - 5xx and no connection: one soft failure, counted with the live ones; a 5xx says nothing of what requests would hear.
 * - anything else: degraded from unknown, since nobody knows yet.
 */
export function applyProbe(
  before: HealthState,
  answer: ProbeAnswer,
  now: number,
  byOperator: boolean,
): HealthState {
  const probe: ProbeFacts = {
    at: now,
    status: answer.status,
    latencyMs: answer.latencyMs,
    error: answer.error,
  };
  const state = { ...before, probe };
  const { status } = answer;
  if (status === null) return suspect(missed(state, now, answer.error), now, 'probe_failed', answer.error);
  if (status >= 500)
    return suspect(failed(state, now, `probe answered ${status}`, false), now, 'probe_failed', null);
  const reached = { ...state, unsent: 0 };
  if (status >= 200 && status < 300) return confirmed(reached, now, byOperator);
  if (status === 401 && !lacksScope(answer.code, answer.error))
    return condemn(reached, now, 'invalid_key', answer.error);
  const forbidden = status === 401 || status === 403;
  return suspect(reached, now, forbidden ? 'probe_forbidden' : 'probe_rejected', `probe answered ${status}`);
}

/**
 * What a probe said that another replica made. Failures count where they are seen, and what cannot be reached from
 * here is not shown to be reachable from there; an answer is evidence unless this process knows better since.
 */
export function applyHeardProbe(
  before: HealthState,
  answer: ProbeAnswer,
  at: number,
  byOperator: boolean,
): HealthState {
  const { status, latencyMs, error } = answer;
  if (before.probe !== null && before.probe.at >= at) return before;
  const shown = { ...before, probe: { at, status, latencyMs, error } };
  if (status === null || status >= 500 || before.reason === 'unreachable') return shown;
  if (before.verdict !== null && at < (before.judgedAt ?? before.since)) return shown;
  return { ...applyProbe(before, answer, at, byOperator), unsent: before.unsent };
}

function confirmed(state: HealthState, now: number, byOperator: boolean): HealthState {
  const { verdict, reason } = state;
  if (verdict === null)
    return state.status === 'healthy' ? state : become(state, now, 'healthy', 'probe_ok', null);
  if (reason === 'invalid_key' || reason === 'unreachable') return lift(state, now, 'probe_ok');
  return verdict.kind === 'hard' && byOperator ? { ...state, verdict: { ...verdict, trialAt: now } } : state;
}

function suspect(state: HealthState, now: number, reason: string, detail: string | null): HealthState {
  return state.status === 'unknown' ? become(state, now, 'degraded', reason, detail) : state;
}
