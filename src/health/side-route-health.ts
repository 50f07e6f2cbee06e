import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { condemnsKey, isQuotaCode } from './account-codes.js';
import type { HealthState } from './health-state.js';
import { become, condemn, cool, lift } from './health-transitions.js';

type Answered = Extract<AttemptOutcome, { kind: 'answered' }>;
type Answer = Answered | Extract<AttemptOutcome, { kind: 'served' | 'failed_in_stream' }>;

/** A complete answer, as against a connection that failed or broke. */
export function isAnswer(outcome: AttemptOutcome): outcome is Answer {
  return outcome.kind === 'answered' || outcome.kind === 'served' || outcome.kind === 'failed_in_stream';
}

/**
 * What an answer on a route that does not run the model says about a resource: that it was reached, and little more.
 * A key may list no models, count no tokens or have no conversations, and serve `POST /v1/responses` all the same.
 *
 * - 401, 403: count only with a code that speaks of the key or the account itself (`invalid_api_key`, …).
 * - 429: a quota verdict holds everywhere; a pause is kept where the upstream says how long it is.
 * - other errors, and a stored response that says it failed: nothing. They are about the route or about the past.
 * - served: what could not be connected to can be, and a try taken from a key refused for quota or permission is
 *   given back. It neither lifts such a verdict nor ends a row of failures.
 */
export function applyBeside(state: HealthState, outcome: Answer, now: number): HealthState {
  if (outcome.kind === 'served') return servedBeside(state, now);
  return outcome.kind === 'answered' ? answeredBeside(state, outcome, now) : state;
}

function answeredBeside(state: HealthState, outcome: Answered, now: number): HealthState {
  const { status, code, message, retryAfterMs } = outcome;
  const reached = state.unsent === 0 ? state : { ...state, unsent: 0 };
  const detail = message ?? `status ${status}`;
  if (status === 401 || status === 403)
    return condemnsKey(code)
      ? condemn(reached, now, status === 401 ? 'invalid_key' : 'forbidden', detail)
      : reached;
  if (status !== 429) return reached;
  if (isQuotaCode(code)) return condemn(reached, now, 'insufficient_quota', detail);
  return retryAfterMs === null ? reached : cool(reached, now, retryAfterMs, detail);
}

function servedBeside(state: HealthState, now: number): HealthState {
  const { verdict, reason } = state;
  const reached = state.unsent === 0 ? state : { ...state, unsent: 0 };
  if (verdict === null)
    return state.status === 'healthy' ? reached : become(reached, now, 'healthy', 'served', null);
  if (verdict.kind === 'hard')
    return verdict.trialAt === null ? reached : { ...reached, verdict: { ...verdict, trialAt: now } };
  if (verdict.kind === 'ejected' && reason === 'unreachable' && verdict.until <= now)
    return lift(reached, now, 'served');
  return verdict.kind === 'ejected' && verdict.until <= now
    ? { ...reached, verdict: { ...verdict, trialAt: now } }
    : reached;
}
