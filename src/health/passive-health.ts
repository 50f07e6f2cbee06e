import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { isQuotaCode, lacksScope } from './account-codes.js';
import type { DeniedModel, HealthState, Verdict } from './health-state.js';
import {
  condemn,
  cool,
  DENIED_LIMIT,
  DENIED_MS,
  EJECTED_TRIAL_MS,
  failed,
  lift,
  missed,
  unavailable,
} from './health-transitions.js';
import { applyBeside, isAnswer } from './side-route-health.js';
import { ACQUITTED, forbid, nextTrialAt } from './unknown-refusal.js';

const STREAM_FAILURES = new Set([
  'server_error',
  'server_is_overloaded',
  'internal_server_error',
  'overloaded',
]);

/**
 * What live answers say about a resource. Pure: state in, outcome and time in, state out.
 *
 * - 401 → `invalid_key`: no request until a probe or a request succeeds.
 * - 403 (other than for a model), 401 for a missing scope → `forbidden`, 429 for quota → `insufficient_quota`: no request, except that every five
 *   minutes one may try. A probe's 200 proves nothing here; a served request does, and an operator's check with a 200
 *   makes the next try due at once.
 *   A 403 with a code nobody here knows keeps the key out for a second at first (`unknown-refusal`), and is taken back when keys of another organisation say the same of the same request
 *   (`acquit`).
 * - other 429 → `rate_limited`: no request until `retry-after` (20 s when absent, 10 min at most, the longest wins).
 *   A success meanwhile does not shorten it. A 503 that names a time counts as a failure and pauses the same way.
 * - 403/404 `model_not_found` → that model is not sent there for an hour; nothing else changes.
 * - three attempts in a row that never reached it, or one that failed in TLS → `unreachable`; five failures in a row
 *   (5xx, 3xx, lost or cut answers, a stream that failed on the server's side) → `server_errors`: out for 30 s × n, 10 min at most, then one request every
 *   10 s until one is served. Requests that may go elsewhere avoid it for two seconds after the first it lost (`lostLately`).
 * - served → healthy and the counts are 0; what is out because of errors only by a request that left since.
 * - other 4xx and neutral outcomes say nothing about the resource.
 *
 * `startedAt` guards against stragglers: a request that left before a verdict neither lifts it nor adds to it.
 * `exercises`: the request was to run the model. Answers to others say far less, see `side-route-health`; connections
 * that fail or break count the same.
 */
export function applyOutcome(
  state: HealthState,
  model: string | null,
  outcome: AttemptOutcome,
  now: number,
  startedAt: number = now,
  exercises = true,
): HealthState {
  if (!exercises && isAnswer(outcome)) return applyBeside(state, outcome, now);
  switch (outcome.kind) {
    case 'served':
      return served(state, now, startedAt);
    case 'answered':
      return answered(state, model, outcome, now, startedAt);
    case 'unsent':
    case 'lost':
    case 'cut':
      return broke(state, outcome, now, startedAt);
    case 'failed_in_stream':
      return failedInStream(state, outcome.code, outcome.message, now, startedAt);
    case 'neutral':
      return state;
    default:
      return outcome satisfies never;
  }
}

function broke(
  state: HealthState,
  outcome: Extract<AttemptOutcome, { kind: 'unsent' | 'lost' | 'cut' }>,
  now: number,
  startedAt: number,
): HealthState {
  if (straggles(state, startedAt)) return state;
  // A full pool and the end of an answer that was merely long are our own doing, not the upstream's.
  if (outcome.cause === 'pool' || outcome.cause === 'queue_timeout') return state;
  if (outcome.kind === 'cut' && outcome.cause === 'total_timeout') return state;
  // A certificate that is refused once is refused by the next request, too.
  if (outcome.kind === 'unsent') return missed(state, now, outcome.message, outcome.cause === 'tls');
  return failed(lost(state, now, startedAt), now, outcome.message, false);
}

/** One broken connection ends all that went over it: only what was begun after a loss is another one. */
function lost(state: HealthState, now: number, startedAt: number): HealthState {
  const again = state.lossCountedAt === null || startedAt > state.lossCountedAt;
  return again
    ? { ...state, lostAt: now, losses: state.losses + 1, lossCountedAt: now }
    : { ...state, lostAt: now };
}

/**
 * Takes the one place of a trial: whoever asks next is refused until the next trial is due. What is sent to a resource
 * that is out because of errors, all the same, is the one that is risked on it for a while.
 */
export function admit(state: HealthState, now: number): HealthState {
  const { verdict } = state;
  if (verdict === null || verdict.kind === 'cooling' || verdict.trialAt === null) return state;
  const isDue = verdict.trialAt <= now;
  if (verdict.kind === 'hard')
    return isDue ? { ...state, verdict: { ...verdict, trialAt: nextTrialAt(state, now) } } : state;
  const trialAt = isDue ? now + EJECTED_TRIAL_MS : verdict.trialAt;
  return { ...state, verdict: { ...verdict, trialAt }, sparedAt: now };
}

function served(state: HealthState, now: number, startedAt: number): HealthState {
  const { verdict } = state;
  const unblemished = state.failures === 0 && state.unsent === 0 && state.losses === 0;
  const isShown = state.status === 'healthy' && state.reason !== ACQUITTED;
  if (verdict === null && isShown && unblemished) return state;
  const counted = { ...state, failures: 0, plain: 0, unsent: 0, losses: 0 };
  if (verdict !== null && outlasts(state, verdict, now, startedAt))
    return verdict.kind === 'cooling' ? counted : state;
  return lift(counted, now, 'served');
}

/** A pause that was asked for holds. What left before a judgement of any kind says nothing against it. */
function outlasts(state: HealthState, verdict: Verdict, now: number, startedAt: number): boolean {
  if (verdict.kind === 'hard') return straggles(state, startedAt);
  if (verdict.until <= now) return false;
  return verdict.kind === 'cooling' || startedAt <= (state.judgedAt ?? now);
}

function answered(
  state: HealthState,
  model: string | null,
  outcome: Extract<AttemptOutcome, { kind: 'answered' }>,
  now: number,
  startedAt: number,
): HealthState {
  const { status, code, message } = outcome;
  const reached = state.unsent === 0 ? state : { ...state, unsent: 0 };
  const detail = message ?? `status ${status}`;
  if (code === 'model_not_found' && (status === 403 || status === 404)) return deny(reached, model, now);
  if (status === 401 || status === 403) return refusedKey(reached, outcome, now, startedAt);
  if (status === 429) return refusedForNow(reached, code, outcome.retryAfterMs, detail, now);
  if (status >= 400 && status < 500) return reached;
  return failedUpstream(reached, outcome, now, straggles(state, startedAt));
}

function refusedKey(
  state: HealthState,
  outcome: Extract<AttemptOutcome, { kind: 'answered' }>,
  now: number,
  startedAt: number,
): HealthState {
  const { status, code, message } = outcome;
  if (status !== 401 || lacksScope(code, message)) return forbid(state, outcome, now, startedAt);
  return condemn(state, now, 'invalid_key', message ?? `status ${status}`);
}

/** A time to come back at holds also from a request that left before the verdict in force: the longest wins. */
function failedUpstream(
  state: HealthState,
  { status, message, retryAfterMs }: Extract<AttemptOutcome, { kind: 'answered' }>,
  now: number,
  late: boolean,
): HealthState {
  const detail = message ?? `status ${status}`;
  const counted = late ? state : failed(state, now, detail, status >= 500);
  return status === 503 && retryAfterMs !== null ? unavailable(counted, now, retryAfterMs, detail) : counted;
}

function refusedForNow(
  state: HealthState,
  code: string | null,
  retryAfterMs: number | null,
  detail: string | null,
  now: number,
): HealthState {
  return isQuotaCode(code)
    ? condemn(state, now, 'insufficient_quota', detail)
    : cool(state, now, retryAfterMs, detail);
}

function failedInStream(
  state: HealthState,
  code: string | null,
  message: string | null,
  now: number,
  startedAt: number,
): HealthState {
  if (code === 'rate_limit_exceeded' || isQuotaCode(code))
    return refusedForNow(state, code, null, message, now);
  // Without a code, or with one about the request (a refused prompt), it is no evidence against the resource.
  if (code === null || !STREAM_FAILURES.has(code) || straggles(state, startedAt)) return state;
  return failed(state, now, message ?? code, false);
}

/** True for evidence older than the verdict in force. */
function straggles(state: HealthState, startedAt: number): boolean {
  return state.verdict !== null && startedAt < state.since;
}

function deny(state: HealthState, model: string | null, now: number): HealthState {
  if (model === null) return state;
  const others = state.denied.filter((one: DeniedModel) => one.model !== model && one.until > now);
  return { ...state, denied: [...others, { model, until: now + DENIED_MS }].slice(-DENIED_LIMIT) };
}
