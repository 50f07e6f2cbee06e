import type { HealthState } from './health-state.js';
import type { HealthStatus } from './resource-health.js';

/** The steps that both live answers and probes take. Times are `steadyNow`. */

export const UNSENT_LIMIT = 3;
export const FAILURE_LIMIT = 5;
export const EJECTION_MS = 30_000;
export const LONGEST_MS = 600_000;
export const DEFAULT_COOLDOWN_MS = 20_000;
/** How often one request may try a key that was refused for quota or permission. */
export const HARD_TRIAL_MS = 300_000;
/** How long a model that a key was refused for is not sent there, and how many are remembered. */
export const DENIED_MS = 3_600_000;
export const DENIED_LIMIT = 64;
/** How often one request may try a resource whose ejection is over, until one is served. */
export const EJECTED_TRIAL_MS = 10_000;

/** Keeps `since` while nothing changed that a person would call a change. */
export function become(
  state: HealthState,
  now: number,
  status: HealthStatus,
  reason: string,
  detail: string | null,
): HealthState {
  const same = state.status === status && state.reason === reason;
  return { ...state, status, reason, detail, since: same ? state.since : now };
}

/** The verdict is over. What came back from a mere pause is as warm as before; from anything worse it starts slowly. */
export function lift(state: HealthState, now: number, reason: 'served' | 'probe_ok'): HealthState {
  const { verdict } = state;
  const recovered = verdict !== null && verdict.kind !== 'cooling';
  return {
    ...become(state, now, 'healthy', reason, null),
    verdict: null,
    doubted: null,
    judgedAt: now,
    recoveredAt: recovered ? now : state.recoveredAt,
  };
}

/**
 * The upstream refused the key itself. A verdict that only a success may lift outranks one a probe may lift, which is kept
 * for when it is taken back.
 */
export function condemn(
  state: HealthState,
  now: number,
  reason: 'invalid_key' | 'forbidden' | 'insufficient_quota',
  detail: string | null,
): HealthState {
  const trialAt = reason === 'invalid_key' ? null : now + HARD_TRIAL_MS;
  if (reason === 'invalid_key' && state.verdict?.kind === 'hard' && state.verdict.trialAt !== null)
    return underneath(state, (before) => condemn(before, now, reason, detail));
  const verdict = { kind: 'hard', trialAt } as const;
  return { ...become(state, now, 'unhealthy', reason, detail), verdict, doubted: null, judgedAt: now };
}

/** What is heard while a verdict is doubted holds when that is taken back; nothing else is underneath a hard one. */
function underneath(state: HealthState, step: (before: HealthState) => HealthState): HealthState {
  const { doubted } = state;
  if (doubted === null) return state;
  const { status, reason, detail, since, verdict } = step({ ...state, ...doubted.before, doubted: null });
  return { ...state, doubted: { ...doubted, before: { status, reason, detail, since, verdict } } };
}

/** The upstream asked for a pause. The longest one asked for wins; a hard verdict stays. */
export function cool(
  state: HealthState,
  now: number,
  retryAfterMs: number | null,
  detail: string | null,
  reason: 'rate_limited' | 'overloaded' = 'rate_limited',
): HealthState {
  if (state.verdict?.kind === 'hard')
    return underneath(state, (before) => cool(before, now, retryAfterMs, detail, reason));
  const running = state.verdict === null ? 0 : state.verdict.until;
  const until = Math.max(running, now + pauseOf(retryAfterMs));
  const verdict = { kind: 'cooling', until } as const;
  return { ...become(state, now, 'degraded', reason, detail), verdict, judgedAt: now };
}

/**
 * A failure that named a time to come back at: a pause of that length, which no last resort breaks. An ejection that lasts
 * longer stays one: an upstream that names a second each time must not be left alone for all of it.
 */
export function unavailable(
  state: HealthState,
  now: number,
  retryAfterMs: number,
  detail: string | null,
): HealthState {
  const { verdict } = state;
  if (verdict?.kind === 'ejected' && verdict.until > now + pauseOf(retryAfterMs)) return state;
  return cool(state, now, retryAfterMs, detail, 'overloaded');
}

function pauseOf(retryAfterMs: number | null): number {
  if (retryAfterMs === null || !Number.isFinite(retryAfterMs) || retryAfterMs < 0) return DEFAULT_COOLDOWN_MS;
  // "Now" after a 429 would send the next request straight into the same wall.
  return Math.min(Math.max(retryAfterMs, 1_000), LONGEST_MS);
}

/** One more attempt that did not reach the upstream. `certain`: the next would not either. */
export function missed(state: HealthState, now: number, detail: string | null, certain = false): HealthState {
  const next = { ...state, unsent: certain ? UNSENT_LIMIT : state.unsent + 1 };
  if (onTrial(state, now) || next.unsent >= UNSENT_LIMIT) return eject(next, now, 'unreachable', detail);
  return next;
}

/** One more failure of the upstream. `plain`: it said so itself, in a complete answer. */
export function failed(state: HealthState, now: number, detail: string | null, plain: boolean): HealthState {
  const next = { ...state, failures: state.failures + 1, plain: plain ? state.plain + 1 : 0, unsent: 0 };
  if (onTrial(state, now) || next.failures >= FAILURE_LIMIT) return eject(next, now, 'server_errors', detail);
  return next;
}

function onTrial(state: HealthState, now: number): boolean {
  return state.verdict?.kind === 'ejected' && state.verdict.until <= now;
}

/** Out for 30 s times the number of ejections without ten quiet minutes between them. Never shortens another verdict. */
function eject(state: HealthState, now: number, reason: string, detail: string | null): HealthState {
  const { verdict } = state;
  if (verdict?.kind === 'hard') return state;
  if (verdict !== null && verdict.until > now) return state;
  const quiet = state.lastEjectionEnd === null || now - state.lastEjectionEnd > LONGEST_MS;
  const ejections = quiet ? 1 : state.ejections + 1;
  const until = now + Math.min(EJECTION_MS * ejections, LONGEST_MS);
  return {
    ...become(state, now, 'unhealthy', reason, detail),
    verdict: { kind: 'ejected', until, trialAt: until },
    judgedAt: now,
    ejections,
    lastEjectionEnd: until,
  };
}
