import type { Balancer } from '../../balancer/balancer.service.js';
import { ProxyError } from '../../common/errors.js';
import type { Exchange } from '../exchange.js';
import type { RelayParts } from './connection-facts.js';
import { HandshakeLoop } from './handshake-loop.js';
import type { UpstreamLink } from './handshake-loop.js';

/** Verdicts on the connection's own resource with which a first message cannot be served there. */
const ELSEWHERE: ReadonlySet<string | null> = new Set([
  'not_owner',
  'other_organization',
  'other_pool',
  'model_denied',
]);

/** Whether what the first message refers to, or asks for, is known to be on another resource than the handshake chose. */
export function belongsElsewhere(
  balancer: Balancer,
  { hints }: Exchange,
  { resource }: UpstreamLink,
): boolean {
  if (hints === null) return false;
  const { candidates } = balancer.explain(hints);
  const own = candidates.find(({ resourceId }) => resourceId === resource.id);
  return own !== undefined && ELSEWHERE.has(own.rejected);
}

/** A connection to where the exchange belongs. Throws what the client should hear when there is none. */
export async function linkFor({ deps, room }: RelayParts, exchange: Exchange): Promise<UpstreamLink> {
  if (exchange.route === null) throw new Error('a connection needs a route');
  const end = await new HandshakeLoop(deps, room, exchange, exchange.route).run();
  if (end.kind === 'open') return end.link;
  const { status } = end.answer.head;
  throw new ProxyError(
    'bad_upstream_response',
    `${end.lease.resource.id} refused the handshake with ${status}.`,
  );
}
