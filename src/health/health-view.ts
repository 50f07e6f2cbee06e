import type { HealthState, Verdict } from './health-state.js';
import { FAILURE_LIMIT, UNSENT_LIMIT } from './health-transitions.js';
import type { HealthRefusal, ResourceHealth } from './resource-health.js';

/** How often a request may be risked on what is down while others are well. */
const SPARE_MS = 1_000;

/** Reads a state at a time. `now` and the state's times are `steadyNow`. */
export function refusalOf(state: HealthState, model: string | null, now: number): HealthRefusal | null {
  const { verdict } = state;
  if (verdict !== null) {
    if (verdict.kind === 'cooling') {
      if (verdict.until > now) return { reason: 'cooling', until: verdict.until, soft: false, spareAt: null };
    } else if (verdict.trialAt === null || verdict.trialAt > now) {
      return outRefusal(state, verdict, verdict.trialAt);
    }
  }
  if (model === null || state.denied.length === 0) return null;
  const denied = state.denied.find((one) => one.model === model && one.until > now);
  return denied === undefined
    ? null
    : { reason: 'model_denied', until: denied.until, soft: true, spareAt: null };
}

/** Of a resource that is not merely asked to be left alone for a while. */
export function outRefusal(state: HealthState, { kind }: Verdict, until: number | null): HealthRefusal {
  const soft = kind === 'ejected';
  const spareAt = soft && isDown(state) ? (state.sparedAt ?? -Infinity) + SPARE_MS : null;
  return { reason: 'unhealthy', until, soft, spareAt };
}

/** Nothing of a request ran there. What breaks off in the middle cannot be tried again elsewhere. */
function isDown({ unsent, plain }: HealthState): boolean {
  return unsent >= UNSENT_LIMIT || plain >= FAILURE_LIMIT;
}

/** How long a resource that lost a request is avoided where others can serve: the tries of an SDK fall into it. */
const LOST_MS = 2_000;

/**
 * Losses in a row, at least 1, of a resource that lost a request within the last two seconds; 0 = it did not. One
 * answered in between does not clear it: whoever lost a request is about to try again, and half of two is too many.
 */
export function lostLately({ lostAt, losses }: HealthState, now: number): number {
  return lostAt === null || now - lostAt >= LOST_MS ? 0 : Math.max(1, losses);
}

/** `toWall` is what to add to a steady time to show it on the wall clock. */
export function describeHealth(state: HealthState, now: number, toWall: number): ResourceHealth {
  return {
    ...standing(state, now),
    since: Math.round(state.since + toWall),
    until: untilOf(state, now, toWall),
    ...probeOf(state, toWall),
    consecutiveFailures: state.failures + state.unsent,
    deniedModels: state.denied.filter((one) => one.until > now).map((one) => one.model),
  };
}

/** A pause that is over shows as over, although nothing has happened since to end it. */
function standing(state: HealthState, now: number): Pick<ResourceHealth, 'status' | 'reason' | 'detail'> {
  const { verdict, status, reason, detail } = state;
  if (verdict === null || verdict.kind === 'hard' || verdict.until > now) return { status, reason, detail };
  return verdict.kind === 'cooling'
    ? { status: 'healthy', reason: 'cooldown_over', detail: null }
    : { status: 'degraded', reason: 'on_trial', detail };
}

function probeOf(
  { probe }: HealthState,
  toWall: number,
): Pick<ResourceHealth, 'lastProbeAt' | 'lastProbeStatus' | 'lastProbeLatencyMs' | 'lastProbeError'> {
  if (probe === null)
    return { lastProbeAt: null, lastProbeStatus: null, lastProbeLatencyMs: null, lastProbeError: null };
  return {
    lastProbeAt: Math.round(probe.at + toWall),
    lastProbeStatus: probe.status,
    lastProbeLatencyMs: probe.latencyMs,
    lastProbeError: probe.error,
  };
}

function untilOf({ verdict }: HealthState, now: number, toWall: number): number | null {
  if (verdict === null) return null;
  const until = verdict.kind === 'cooling' ? verdict.until : verdict.trialAt;
  return until === null || until <= now ? null : Math.round(until + toWall);
}
