import type { RoutingWorld } from './decide.js';
import { avoid, type Candidate } from './selection.js';

export const JUST_LOST = 'just_lost';

/**
 * A request that was lost after it left may not be sent again by us, only by its client, and a key that breaks
 * connections is the least busy of all. One loss is enough to go elsewhere; a warm cache is worth a second try.
 */
export function avoidLossy(
  world: RoutingWorld,
  candidates: readonly Candidate[],
  preferred: number,
  usable: number,
): number {
  return avoid(candidates, usable, JUST_LOST, (candidate, i) => {
    const lost = world.health.lostLately(candidate.resourceId, world.now);
    return lost >= (i === preferred ? 2 : 1);
  });
}
