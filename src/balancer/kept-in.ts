import type { Resource } from '../resources/resource.js';
import type { RoutingRequest, RoutingWorld } from './decide.js';
import { isOutOfScope } from './refuse.js';
import { upstreamModel } from './routing-hints.js';
import { loadOf, type Candidate } from './selection.js';

/** They are known to fail: this is for more load than the others should carry, and no share of their own. */
const KEPT_WEIGHT = 0.1;

/**
 * Errors alone put aside at most half of those in scope: beyond that the few others would carry everything, and fall over.
 * Whose pause ends first is kept in use, at a tenth of its weight, unless it has just lost a request. Not for what has
 * failed once already, nor for a conversation that is at home somewhere: its turn must not fail where another key could
 * serve it. To be called when somebody well is left. Answers how many were kept.
 */
export function keepHalf(
  world: RoutingWorld,
  { hints, affinity, attempt }: RoutingRequest,
  candidates: readonly Candidate[],
): number {
  if (attempt > 1 || affinity.owner !== null) return 0;
  if (!candidates.some(({ rejected }) => rejected === 'unhealthy')) return 0;
  const pauses = candidates.flatMap(({ resourceId, rejected }, index) => {
    if (rejected !== 'unhealthy') return [];
    const refusal = world.health.refusal(resourceId, upstreamModel(hints), world.now);
    return refusal?.soft === true ? [{ index, until: refusal.until ?? Infinity }] : [];
  });
  const inScope = candidates.filter(({ rejected }) => !isOutOfScope(rejected)).length;
  const tooMany = Math.max(0, pauses.length - Math.floor(inScope / 2));
  const kept = pauses
    .filter(({ index }) => mayBeKept(world, candidates, index))
    .sort((a, b) => a.until - b.until)
    .slice(0, tooMany);
  for (const { index } of kept) keep(candidates[index] as Candidate);
  return kept.length;
}

function mayBeKept(world: RoutingWorld, candidates: readonly Candidate[], index: number): boolean {
  const { id, maxConcurrency } = world.snapshot.resources[index] as Resource;
  const inFlight = candidates[index]?.inFlight ?? 0;
  if (maxConcurrency !== null && inFlight >= maxConcurrency) return false;
  return world.health.lostLately(id, world.now) === 0;
}

function keep(candidate: Candidate): void {
  candidate.rejected = null;
  candidate.weight *= KEPT_WEIGHT;
  candidate.load = loadOf(candidate.inFlight, candidate.weight);
}
