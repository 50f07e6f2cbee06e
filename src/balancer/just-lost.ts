import type { RoutingRequest, RoutingWorld } from './decide.js';
import { avoid, type Candidate } from './selection.js';

export const JUST_LOST = 'just_lost';

/**
 * Rules out who has just lost requests. A request that was lost after it left may not be sent again by us, only by its
 * client, and a key that breaks connections is the least busy of all. One loss is enough to go elsewhere; a warm cache is
 * worth a second try, and what only its owner is sure to have is never sent past it. Where most of those that could serve
 * have lost some, it is nothing about any of them, and the few others are not to carry it all.
 */
export function avoidLossy(
  world: RoutingWorld,
  { affinity }: Pick<RoutingRequest, 'affinity'>,
  candidates: readonly Candidate[],
  preferred: number,
  usable: number,
): void {
  const ofOwner = affinity.rule === 'owner' ? Infinity : 2;
  const isLossy = ({ resourceId }: Candidate, i: number): boolean =>
    world.health.lostLately(resourceId, world.now) >= (i === preferred ? ofOwner : 1);
  avoid(candidates, usable, JUST_LOST, isLossy, usable / 2);
}
