import type { JsonObject, JsonValue } from '../state/peers.js';
import type { DeniedModel, HealthState, Verdict } from './health-state.js';
import { DENIED_LIMIT, DENIED_MS, HARD_TRIAL_MS, LONGEST_MS } from './health-transitions.js';

/**
 * How one replica tells the others what it thinks of a key. Durations only, because their clocks are their own; the
 * upstream's words stay here, because nobody knows what is in them.
 */
const KINDS = ['hard', 'cooling', 'ejected', 'clear', 'none'] as const;
const REASON = /^[a-z_]{1,64}$/;
const MAX_MODEL_CHARACTERS = 256;
/** Less than this is how long a message takes, and no news. */
const NEWS_MS = 500;
/** A key refused for good is told to replicas that come within a day. */
const HARD_KEPT_MS = 86_400_000;
const CLEAR_KEPT_MS = 3_600_000;

export interface HeardHealth {
  /** `clear`: the verdict was lifted. `none`: nothing to say about one. */
  readonly kind: (typeof KINDS)[number];
  readonly reason: string;
  /** Instance id of the teller. */
  readonly from: string;
  /** When the evidence was seen, `steadyNow` of this process. */
  readonly at: number;
  readonly verdict: Verdict | null;
  readonly ejections: number;
  readonly denied: readonly DeniedModel[];
}

/** A key that cannot be reached from here may be from elsewhere: that verdict stays with who found it. */
export function isOwnAffair(state: HealthState): boolean {
  return state.reason === 'unreachable';
}

export function tellHealth(state: HealthState, now: number): JsonObject {
  const { verdict } = state;
  return {
    kind: kindOf(state),
    reason: state.reason,
    age_ms: ms(now - (state.judgedAt ?? now)),
    wait_ms: verdict === null ? null : waitOf(verdict, now),
    trial_ms: verdict?.kind === 'ejected' ? ms(verdict.trialAt - now) : null,
    ejections: state.ejections,
    denied: state.denied
      .filter(({ until }) => until > now)
      .map(({ model, until }) => ({ model, left_ms: ms(until - now) })),
  };
}

function kindOf(state: HealthState): HeardHealth['kind'] {
  if (isOwnAffair(state)) return 'none';
  if (state.verdict !== null) return state.verdict.kind;
  return state.judgedAt === null ? 'none' : 'clear';
}

function waitOf(verdict: Verdict, now: number): number | null {
  if (verdict.kind !== 'hard') return ms(verdict.until - now);
  return verdict.trialAt === null ? null : ms(verdict.trialAt - now);
}

function ms(time: number): number {
  return Math.max(0, Math.round(time));
}

/** How long what is told matters to a replica that comes later. */
export function keptFor(state: HealthState, now: number): number {
  const denied = Math.max(0, ...state.denied.map(({ until }) => until - now));
  return Math.max(verdictKeptFor(state, now), ms(denied), 1_000);
}

function verdictKeptFor(state: HealthState, now: number): number {
  const { verdict } = state;
  switch (kindOf(state)) {
    case 'hard':
      return HARD_KEPT_MS;
    case 'clear':
      return CLEAR_KEPT_MS;
    case 'none':
      return 0;
    default:
      // Also while it is on trial: nobody has shown yet that it is well.
      return verdict === null || verdict.kind === 'hard' ? 0 : ms(verdict.until - now) + LONGEST_MS;
  }
}

/** Whether others who know `told` should hear of `state`: another verdict, a longer wait, a model more. */
export function isNews(told: HealthState, state: HealthState, now: number): boolean {
  return verdictIsNews(told, state) || deniedIsNews(told.denied, state.denied, now);
}

function verdictIsNews(told: HealthState, state: HealthState): boolean {
  if (isOwnAffair(state)) return false;
  const before = isOwnAffair(told) ? null : told.verdict;
  const after = state.verdict;
  if (before === null || after === null) return before !== after;
  if (before.kind !== after.kind || told.reason !== state.reason) return true;
  return waitEnd(after) - waitEnd(before) > NEWS_MS;
}

/** When the next request may go there; never = infinity minus infinity is no news. */
function waitEnd(verdict: Verdict): number {
  if (verdict.kind === 'cooling') return verdict.until;
  return verdict.trialAt ?? Number.MAX_SAFE_INTEGER;
}

function deniedIsNews(told: readonly DeniedModel[], denied: readonly DeniedModel[], now: number): boolean {
  return denied.some(
    ({ model, until }) =>
      until > now && !told.some((one) => one.model === model && until - one.until < DENIED_MS / 10),
  );
}

/** Null for what cannot be read: another version may say things this one does not know. `elapsedMs`: since it was told. */
export function readHealth(
  body: JsonObject,
  from: string,
  elapsedMs: number,
  now: number,
): HeardHealth | null {
  const kind = KINDS.find((one) => one === body['kind']);
  const { reason } = body;
  const age = duration(body['age_ms'], HARD_KEPT_MS);
  if (kind === undefined || typeof reason !== 'string' || !REASON.test(reason) || age === null) return null;
  const toldAt = now - elapsedMs;
  const verdict = readVerdict(kind, body, toldAt);
  if (verdict === undefined) return null;
  const ejections = duration(body['ejections'], 1_000) ?? 0;
  return { kind, reason, from, at: toldAt - age, verdict, ejections, denied: readDenied(body, toldAt) };
}

/** Undefined = the body says no sensible one. A wait longer than this process would make itself is cut to that. */
function readVerdict(
  kind: HeardHealth['kind'],
  body: JsonObject,
  toldAt: number,
): Verdict | null | undefined {
  if (kind === 'clear' || kind === 'none') return null;
  const wait = body['wait_ms'];
  if (kind === 'hard') {
    if (wait === null) return { kind, trialAt: null };
    const trial = duration(wait, HARD_TRIAL_MS);
    return trial === null ? undefined : { kind, trialAt: toldAt + trial };
  }
  const left = duration(wait, LONGEST_MS);
  if (left === null) return undefined;
  if (kind === 'cooling') return { kind, until: toldAt + left };
  const trial = duration(body['trial_ms'], LONGEST_MS) ?? left;
  return { kind, until: toldAt + left, trialAt: toldAt + Math.max(left, trial) };
}

function readDenied(body: JsonObject, toldAt: number): DeniedModel[] {
  const list: unknown = body['denied'];
  if (!Array.isArray(list)) return [];
  return (list as readonly JsonValue[]).slice(0, DENIED_LIMIT).flatMap((one) => {
    const { model, left_ms: leftMs } = (one ?? {}) as JsonObject;
    const left = duration(leftMs, DENIED_MS);
    if (typeof model !== 'string' || model.length > MAX_MODEL_CHARACTERS || left === null) return [];
    return [{ model, until: toldAt + left }];
  });
}

function duration(value: unknown, longest: number): number | null {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? Math.min(value, longest) : null;
}
