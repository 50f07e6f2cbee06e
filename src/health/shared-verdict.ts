import type { DeniedModel, HealthState, Verdict } from './health-state.js';
import { become, DENIED_LIMIT, lift } from './health-transitions.js';
import { ACQUITTED } from './unknown-refusal.js';
import { isOwnAffair, type HeardHealth } from './told-health.js';

/**
 * Takes in what another replica thinks of a key. Pure, and the same whatever the order in which things are heard, and
 * however often: the longer wait wins, a refusal of the key beats a pause, and a lift takes away what is older than it.
 * Times are `steadyNow` of this process.
 */
export function mergeHealth(state: HealthState, heard: HeardHealth, now: number): HealthState {
  const judged = heard.kind === 'clear' ? cleared(state, heard) : condemned(state, heard, now);
  return withDenied(judged, heard.denied, now);
}

/** A pause is no verdict on the key: nobody's success shortens it. What cannot be reached from here only we know. */
function cleared(state: HealthState, heard: HeardHealth): HealthState {
  const { verdict } = state;
  if (verdict === null) {
    if (state.status === 'unknown') return lift(state, heard.at, reasonOf(heard));
    return state;
  }
  if (verdict.kind === 'cooling' || isOwnAffair(state)) return state;
  if (state.judgedAt !== null && state.judgedAt > heard.at) return state;
  if (!lifts(heard.reason, state.reason)) return state;
  return lift({ ...state, failures: 0, plain: 0, unsent: 0, losses: 0 }, heard.at, reasonOf(heard));
}

function reasonOf(heard: HeardHealth): 'served' | 'probe_ok' {
  return heard.reason === 'probe_ok' ? 'probe_ok' : 'served';
}

/**
 * A probe shows that a key is known; only a served request shows that it has quota and permission. That a request was at
 * fault says nothing of any other verdict.
 */
function lifts(liftedBy: string, reason: string): boolean {
  if (liftedBy === ACQUITTED) return reason === 'forbidden';
  return liftedBy !== 'probe_ok' || reason === 'invalid_key';
}

function condemned(state: HealthState, heard: HeardHealth, now: number): HealthState {
  if (heard.verdict === null || isOver(heard.verdict, now)) return state;
  if (heard.verdict.kind !== 'cooling' && hasLifted(state, heard)) return state;
  const own = state.verdict === null || isOver(state.verdict, now) ? null : state.verdict;
  const verdict = own === null ? heard.verdict : join(own, heard.verdict);
  if (verdict === own) return confirmed(state, heard);
  const next = { ...state, verdict, judgedAt: newest(state, heard) };
  const lengthened = verdict.kind === own?.kind && verdict !== heard.verdict;
  return lengthened ? next : taken(next, verdict, heard);
}

/** Nothing new, but the same seen later may be what a lift on its way must not take away. */
function confirmed(state: HealthState, heard: HeardHealth): HealthState {
  const judgedAt = newest(state, heard);
  const same = state.verdict?.kind === heard.kind && state.reason === heard.reason;
  return same && judgedAt !== state.judgedAt ? { ...state, judgedAt } : state;
}

function newest(state: HealthState, heard: HeardHealth): number {
  return Math.max(heard.at, state.judgedAt ?? heard.at);
}

/** The verdict under the name it has there. */
function taken(state: HealthState, verdict: Verdict, heard: HeardHealth): HealthState {
  const status = verdict.kind === 'cooling' ? 'degraded' : 'unhealthy';
  const seen = become(state, heard.at, status, heard.reason, `seen by ${heard.from}`);
  const named = { ...seen, doubted: null };
  if (verdict.kind !== 'ejected') return named;
  const ejections = Math.max(state.ejections, heard.ejections);
  return { ...named, ejections, lastEjectionEnd: verdict.until };
}

/** An ejection stays when its time is up: one request must show that it is over. */
function isOver(verdict: Verdict, now: number): boolean {
  return verdict.kind === 'cooling' && verdict.until <= now;
}

/** This process has seen it well since. */
function hasLifted(state: HealthState, heard: HeardHealth): boolean {
  if (state.verdict !== null || state.judgedAt === null || state.judgedAt < heard.at) return false;
  return lifts(state.reason, heard.reason);
}

/** Own or heard itself where that is all there is to say. */
function join(own: Verdict, heard: Verdict): Verdict {
  if (own.kind === 'hard') return heard.kind === 'hard' && outranks(heard, own) ? heard : own;
  if (heard.kind === 'hard') return heard;
  if (own.kind === heard.kind) return endOf(heard) > endOf(own) ? heard : own;
  // A pause that was asked for holds; an ejection can only lengthen it.
  const [pause, ejection] = own.kind === 'cooling' ? [own, heard] : [heard, own];
  return ejection.until > pause.until ? { kind: 'cooling', until: ejection.until } : pause;
}

function endOf(verdict: Exclude<Verdict, Hard>): number {
  return verdict.kind === 'cooling' ? verdict.until : verdict.trialAt;
}

type Hard = Extract<Verdict, { kind: 'hard' }>;

/** What only a success may lift outranks what a probe may lift, as in `condemn`. */
function outranks(heard: Hard, own: Hard): boolean {
  if (heard.trialAt === null) return false;
  return own.trialAt === null || heard.trialAt > own.trialAt;
}

function withDenied(state: HealthState, heard: readonly DeniedModel[], now: number): HealthState {
  const later = heard.filter(
    ({ model, until }) =>
      until > now && !state.denied.some((own) => own.model === model && own.until >= until),
  );
  if (later.length === 0) return state;
  const models = new Set(later.map(({ model }) => model));
  const kept = state.denied.filter(({ model, until }) => until > now && !models.has(model));
  return { ...state, denied: [...kept, ...later].slice(-DENIED_LIMIT) };
}
