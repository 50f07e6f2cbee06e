import type { HealthRefusal } from '../health/resource-health.js';
import type { Choice, RefusalReason, RoutingRequest, RoutingWorld } from './decide.js';
import { upstreamModel } from './routing-hints.js';
import type { Candidate } from './selection.js';

const OUT_OF_SCOPE = new Set<string | null>([
  'not_of_alias',
  'other_pool',
  'other_connection',
  'not_owner',
  'other_organization',
]);

/** Nobody may serve it: what the client should hear, and when that may change. */
export function refuse(world: RoutingWorld, request: RoutingRequest, candidates: Candidate[]): Choice {
  let backAt: number | null = null;
  let freeAt: number | null = null;
  const inScope = candidates.filter(({ rejected }) => !isOutOfScope(rejected));
  for (const candidate of inScope) {
    const refusal = refusalOf(world, request, candidate);
    // One that is merely busy can be asked again at once.
    const due = refusal === null ? world.now : refusal.until;
    if (due === null) continue;
    backAt = Math.min(backAt ?? due, due);
    if (candidate.rejected !== 'already_tried') freeAt = Math.min(freeAt ?? due, due);
  }
  return { kind: 'refused', reason: refusalReason(request, inScope, backAt), candidates, backAt, freeAt };
}

/**
 * With no time due at all every key in scope has been refused for good: "try again" would be said for ever. Codex
 * waits out a 429 and spends its retries on a 503, so a 429 is said where pauses are all there is to wait for.
 */
function refusalReason(
  { affinity: { rule } }: RoutingRequest,
  inScope: readonly Candidate[],
  backAt: number | null,
): RefusalReason {
  if (rule === 'owner' || rule === 'organization')
    return backAt === null ? 'affinity_lost' : 'affinity_unavailable';
  const paused = inScope.length > 0 && inScope.every(({ rejected }) => rejected === 'cooling');
  return paused ? 'upstream_rate_limited' : 'no_available_resources';
}

export function isOutOfScope(rejected: string | null): boolean {
  return OUT_OF_SCOPE.has(rejected);
}

function refusalOf(
  world: RoutingWorld,
  { hints }: RoutingRequest,
  { resourceId }: Candidate,
): HealthRefusal | null {
  return world.health.refusal(resourceId, upstreamModel(hints), world.now);
}
