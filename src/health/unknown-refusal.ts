import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { isUnknownRefusal } from './account-codes.js';
import type { Doubt, HealthState } from './health-state.js';
import { become, condemn, HARD_TRIAL_MS } from './health-transitions.js';

/** The reason of a key whose refusal was the request's fault. */
export const ACQUITTED = 'request_refused';

/** How long the first keeps everybody out, and by how much longer each further one does. */
const DOUBT_MS = 1_000;
const DOUBT_GROWS = 4;

/**
 * A 403 for a reason nobody here knows puts the key aside as any other does, until keys of another organisation have said
 * the same of the same request. Where there are none nobody can tell: one odd prompt must not shut out everybody for long,
 * so the first keeps the key out for a second only, and each that follows without an answer between for four times as long.
 * A verdict for a reason that is known stays one, and so does one for two reasons.
 */
export function forbid(
  state: HealthState,
  outcome: Extract<AttemptOutcome, { kind: 'answered' }>,
  now: number,
  startedAt: number,
): HealthState {
  const { status, code, message } = outcome;
  const next = condemn(state, now, 'forbidden', message ?? `status ${status}`);
  if (code === null || !isUnknownRefusal(outcome)) return next;
  const { doubted, verdict, reason, detail, since } = state;
  if (verdict?.kind !== 'hard') {
    const before = { status: state.status, reason, detail, since, verdict };
    return doubtful(next, { code, times: 1, before }, now);
  }
  if (doubted === null) return state;
  if (doubted.code !== code) return next;
  // It left before the last one was heard.
  if (startedAt <= (state.judgedAt ?? now)) return state;
  return doubtful(next, { ...doubted, times: doubted.times + 1 }, now);
}

function doubtful(state: HealthState, doubted: Doubt, now: number): HealthState {
  return { ...state, doubted, verdict: { kind: 'hard', trialAt: now + doubtMs(doubted) } };
}

function doubtMs({ times }: Doubt): number {
  return Math.min(DOUBT_MS * DOUBT_GROWS ** (times - 1), HARD_TRIAL_MS);
}

/** When the next may try a key that one tries now. After a single refusal all may, as after a pause. */
export function nextTrialAt({ doubted, verdict }: HealthState, now: number): number | null {
  if (doubted === null) return now + HARD_TRIAL_MS;
  if (doubted.times > 1) return now + doubtMs(doubted);
  return verdict?.kind === 'hard' ? verdict.trialAt : null;
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
