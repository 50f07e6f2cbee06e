import { ProxyError } from '../common/errors.js';
import type { Balancer } from './balancer.service.js';
import type { RoutingHints } from './routing-hints.js';

/**
 * Ids belong to their caller: one of another caller and one that nobody knows are the same answer, and neither goes
 * upstream. `isHere` knows what the caller's own connection has made and nobody stores. Throws `response_not_found`.
 */
export function checkOwnership(
  balancer: Pick<Balancer, 'strangeReferences'>,
  hints: RoutingHints,
  isHere: (id: string) => boolean = () => false,
): void {
  const strange = balancer
    .strangeReferences(hints)
    .find(({ kind, id }) => kind !== 'response' || !isHere(id));
  if (strange === undefined) return;
  throw new ProxyError(
    'response_not_found',
    'No response, conversation or item of that id was made with this client key.',
    strange.param === undefined ? {} : { param: strange.param },
  );
}
