import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { isUnknownRefusal } from './account-codes.js';
import type { HealthState } from './health-state.js';
import { become, condemn } from './health-transitions.js';

/** The reason of a key whose refusal was the request's fault. */
export const ACQUITTED = 'request_refused';

/**
 * A 403 for a reason nobody here knows puts the key aside as any other does, until keys of another organisation have said
 * the same of the same request. A verdict for a reason that is known stays one, and so does one for two reasons.
 */
export function forbid(
  state: HealthState,
  outcome: Extract<AttemptOutcome, { kind: 'answered' }>,
  now: number,
): HealthState {
  const { status, code, message } = outcome;
  const next = condemn(state, now, 'forbidden', message ?? `status ${status}`);
  if (code === null || !isUnknownRefusal(outcome)) return next;
  const { doubted, verdict, reason, detail, since } = state;
  if (verdict?.kind !== 'hard')
    return { ...next, doubted: { code, before: { status: state.status, reason, detail, since, verdict } } };
  if (doubted === null) return state;
  return doubted.code === code ? { ...next, doubted } : next;
}

/** The request was at fault: takes back what rests on this code alone, and nothing else. */
export function acquit(state: HealthState, code: string, now: number): HealthState {
  const { doubted, verdict } = state;
  if (verdict?.kind !== 'hard' || doubted?.code !== code) return state;
  const free = { ...state, verdict: null, doubted: null, judgedAt: now };
  const { before } = doubted;
  // It was reached, and the key was in order.
  return before.verdict === null ? become(free, now, 'healthy', ACQUITTED, null) : { ...free, ...before };
}
