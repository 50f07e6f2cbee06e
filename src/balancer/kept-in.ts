import type { Resource } from '../resources/resource.js';
import type { RoutingRequest, RoutingWorld } from './decide.js';
import { isOutOfScope } from './refuse.js';
import { upstreamModel } from './routing-hints.js';
import { loadOf, type Candidate } from './selection.js';

/** They are known to fail: this is for more load than the others should carry, and no share of their own. */
const KEPT_WEIGHT = 0.1;

const NOBODY: ReadonlySet<number> = new Set();

/**
 * Errors alone put aside at most half of those in scope: beyond that the few others would carry everything, and fall over.
 * Whose pause ends first is kept in use, at a tenth of its weight and for one request a second, since what fails at once
 * is always idle. Only what answers 5xx or takes no connection, and only for requests that another key may then serve: no
 * turn fails for it. To be called when somebody well is left. Answers who was kept: places in `candidates`.
 */
export function keepHalf(
  world: RoutingWorld,
  request: RoutingRequest,
  candidates: readonly Candidate[],
): ReadonlySet<number> {
  if (!mayGoOn(world, request)) return NOBODY;
  if (!candidates.some(({ rejected }) => rejected === 'unhealthy')) return NOBODY;
  const pauses = candidates.flatMap(({ resourceId, rejected }, index) => {
    if (rejected !== 'unhealthy') return [];
    const refusal = world.health.refusal(resourceId, upstreamModel(request.hints), world.now);
    if (refusal?.soft !== true) return [];
    return [{ index, until: refusal.until ?? Infinity, spareAt: refusal.spareAt }];
  });
  const inScope = candidates.filter(({ rejected }) => !isOutOfScope(rejected)).length;
  const tooMany = Math.max(0, pauses.length - Math.floor(inScope / 2));
  const kept = pauses
    .filter(({ index, spareAt }) => spareAt !== null && mayBeKept(world, candidates, index))
    .sort((a, b) => a.until - b.until)
    .slice(0, tooMany)
    .filter(({ spareAt }) => spareAt !== null && spareAt <= world.now);
  for (const { index } of kept) keep(candidates[index] as Candidate);
  return new Set(kept.map(({ index }) => index));
}

/** Failing there costs the request nothing: another key gets it. A handshake, which has no body, could fail later. */
function mayGoOn({ retry5xx }: RoutingWorld, { hints, affinity, attempt }: RoutingRequest): boolean {
  if (!retry5xx || attempt > 1 || affinity.owner !== null || hints.inputTokens === 0) return false;
  if (hints.routeKind !== 'create' || hints.conversationId !== null) return false;
  return !hints.background && !hints.hasSideEffects;
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
