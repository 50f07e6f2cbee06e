import type { RoutingRequest, RoutingWorld } from './decide.js';
import { upstreamModel } from './routing-hints.js';
import type { Candidate } from './selection.js';

/** Longest wait for an owner while somebody else could serve. */
const OWNER_PATIENCE_MS = 2_000;

/** Until when (`steadyNow`) a request that has waited `waitedMs` and may wait until `until` would wait for its owner. */
export function ownerPatience(now: number, waitedMs: number, until: number): number {
  return Math.min(until, now + OWNER_PATIENCE_MS - waitedMs);
}

/**
 * A stored answer is certain to be with its owner, and with a sibling only by the operator's word: an owner that is back
 * in a moment is waited for. Steady time at which to look again; null = go on without it.
 */
export function ownerDue(
  world: RoutingWorld,
  { hints, affinity, ownerUntil }: RoutingRequest,
  owner: Candidate | undefined,
): number | null {
  if (affinity.rule !== 'owner' || owner === undefined || ownerUntil <= world.now) return null;
  if (owner.rejected === 'at_capacity') return ownerUntil;
  if (owner.rejected !== 'cooling' && owner.rejected !== 'unhealthy') return null;
  const due = world.health.refusal(owner.resourceId, upstreamModel(hints), world.now)?.until ?? Infinity;
  return due <= ownerUntil ? due : null;
}
