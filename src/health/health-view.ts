import type { HealthState } from './health-state.js';
import type { HealthRefusal, ResourceHealth } from './resource-health.js';

/** Reads a state at a time. `now` and the state's times are `steadyNow`. */
export function refusalOf(state: HealthState, model: string | null, now: number): HealthRefusal | null {
  const { verdict } = state;
  if (verdict !== null) {
    if (verdict.kind === 'cooling') {
      if (verdict.until > now) return { reason: 'cooling', until: verdict.until, soft: false };
    } else if (verdict.trialAt === null || verdict.trialAt > now) {
      return { reason: 'unhealthy', until: verdict.trialAt, soft: verdict.kind === 'ejected' };
    }
  }
  if (model === null || state.denied.length === 0) return null;
  const denied = state.denied.find((one) => one.model === model && one.until > now);
  return denied === undefined ? null : { reason: 'model_denied', until: denied.until, soft: true };
}

/** `toWall` is what to add to a steady time to show it on the wall clock. */
export function describeHealth(state: HealthState, now: number, toWall: number): ResourceHealth {
  const { verdict, probe } = state;
  const over = verdict?.kind === 'cooling' && verdict.until <= now;
  const trial = verdict?.kind === 'ejected' && verdict.until <= now;
  return {
    status: over ? 'healthy' : trial ? 'degraded' : state.status,
    reason: over ? 'cooldown_over' : trial ? 'on_trial' : state.reason,
    detail: over ? null : state.detail,
    since: Math.round(state.since + toWall),
    until: untilOf(state, now, toWall),
    lastProbeAt: probe === null ? null : Math.round(probe.at + toWall),
    lastProbeStatus: probe?.status ?? null,
    lastProbeLatencyMs: probe?.latencyMs ?? null,
    lastProbeError: probe?.error ?? null,
    consecutiveFailures: state.failures + state.unsent,
    deniedModels: state.denied.filter((one) => one.until > now).map((one) => one.model),
  };
}

function untilOf({ verdict }: HealthState, now: number, toWall: number): number | null {
  if (verdict === null) return null;
  const until = verdict.kind === 'cooling' ? verdict.until : verdict.trialAt;
  return until === null || until <= now ? null : Math.round(until + toWall);
}
