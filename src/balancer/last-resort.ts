import type { HealthRefusal } from '../health/resource-health.js';
import { isOfAlias } from './alias-scope.js';
import type { RoutingRequest, RoutingWorld } from './decide.js';
import { upstreamModel } from './routing-hints.js';
import type { Candidate } from './selection.js';

/** Rejections that health is the reason for: these come back. */
const BY_HEALTH = new Set<string | null>(['unhealthy', 'cooling', 'model_denied']);

/**
 * Nobody may serve by the book. If nobody in the pool can serve anybody, errors alone shut nobody out: the first attempt
 * goes to the least bad one, so that a fault of our own judgement, or of the network for a moment, never turns away
 * everything. Where a pause ends soon enough that is waited for: the paused one was well. While others of the pool are
 * well, a request that is bound to a failing owner is told to come back. Answers a place in `candidates`; -1 = nobody.
 */
export function lastResort(
  world: RoutingWorld,
  request: RoutingRequest,
  candidates: readonly Candidate[],
): number {
  if (request.attempt > 1 || !nobodyWell(world, request)) return -1;
  return pauseEnds(world, request, candidates) ? -1 : leastBad(world, request, candidates);
}

/** Whether no resource of the pool may serve this model now, whatever the request is bound to. */
function nobodyWell(world: RoutingWorld, { hints }: RoutingRequest): boolean {
  return world.snapshot.resources.every(
    (resource) =>
      (hints.poolId !== null && resource.poolId !== hints.poolId) ||
      !isOfAlias(hints.alias, resource) ||
      world.health.refusal(resource.id, upstreamModel(hints), world.now) !== null,
  );
}

/** Whether one that could serve it is merely paused, and back while the request would still wait. */
function pauseEnds(
  world: RoutingWorld,
  { hints, waitUntil }: RoutingRequest,
  candidates: readonly Candidate[],
): boolean {
  return candidates.some(({ resourceId, rejected }) => {
    if (rejected !== 'cooling') return false;
    const until = world.health.refusal(resourceId, upstreamModel(hints), world.now)?.until ?? Infinity;
    return until <= waitUntil;
  });
}

/** A refused model before an ejection, then the pause that ends first, then the load. */
function leastBad(world: RoutingWorld, { hints }: RoutingRequest, candidates: readonly Candidate[]): number {
  let best = -1;
  let bestRank = Infinity;
  candidates.forEach((candidate, i) => {
    if (!BY_HEALTH.has(candidate.rejected)) return;
    const refusal = world.health.refusal(candidate.resourceId, upstreamModel(hints), world.now);
    if (refusal === null || !refusal.soft) return;
    const rank = rankOf(refusal, world.now) + Math.min(candidate.load, 1e6) / 1e7;
    if (rank >= bestRank) return;
    best = i;
    bestRank = rank;
  });
  return best;
}

/** Whole milliseconds, so that the load decides between equals. */
function rankOf(refusal: HealthRefusal, now: number): number {
  if (refusal.reason === 'model_denied') return 0;
  return 1 + Math.ceil(Math.max(0, (refusal.until ?? now) - now));
}
