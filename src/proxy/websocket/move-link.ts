import type { Balancer } from '../../balancer/balancer.service.js';
import type { RoutingHints } from '../../balancer/routing-hints.js';
import { ProxyError } from '../../common/errors.js';
import { steadyNow } from '../../common/steady-now.js';
import type { Resource } from '../../resources/resource.js';
import type { Exchange } from '../exchange.js';
import type { RelayParts } from './connection-facts.js';
import { HandshakeLoop } from './handshake-loop.js';
import type { UpstreamLink } from './handshake-loop.js';
import type { TurnBook } from './turn-book.js';

/** Verdicts on the connection's own resource with which a first message cannot be served there. */
const ELSEWHERE: ReadonlySet<string | null> = new Set([
  'not_owner',
  'other_organization',
  'other_pool',
  'not_of_alias',
  'model_denied',
  'cooling',
  'at_capacity',
  'rate_limit_exhausted',
  'rate_limit_short',
]);

/** Whether what the first message refers to, or asks for, is known to be on another resource than the handshake chose. */
function belongsElsewhere(balancer: Balancer, { hints }: Exchange, { resource }: UpstreamLink): boolean {
  if (hints === null) return false;
  const { candidates } = balancer.explain(hints);
  const own = candidates.find(({ resourceId }) => resourceId === resource.id);
  return own !== undefined && ELSEWHERE.has(own.rejected);
}

/** Null when the exchange can be served where the connection goes to; otherwise to be given to `linkFor`. */
function doubtAbout(balancer: Balancer, exchange: Exchange, link: UpstreamLink): Promise<void> | null {
  const recalled = exchange.hints === null ? null : balancer.recall(exchange.hints);
  if (recalled !== null) return recalled;
  return belongsElsewhere(balancer, exchange, link) ? Promise.resolve() : null;
}

/**
 * Whether a later message needs another connection: it carries what only another organisation can read (Codex warms a
 * connection up and then sends a history that was sealed elsewhere), or the resource cannot take it now and it goes on
 * from nothing that is here, so that any other may. Throws what makes clients send all of it again where either comes with
 * a reference to a response of this connection, which no other upstream knows. `until`: how long it would wait, `steadyNow`.
 */
function mustLeave(
  balancer: Balancer,
  { hints }: Exchange,
  { resource }: UpstreamLink,
  book: Pick<TurnBook, 'size' | 'quiet'>,
  until: number,
): boolean {
  if (hints === null) return false;
  const movable = hints.previousResponseId === null;
  if (movable && book.quiet && balancer.mayLeave(resource, hints)) return true;
  if (!movable && book.quiet) checkPause(balancer, hints, resource, until);
  if (hints.sealedDigests.length === 0) return false;
  const own = balancer.explain(hints).candidates.find(({ resourceId }) => resourceId === resource.id);
  if (own?.rejected !== 'other_organization') return false;
  if (movable) return book.size === 0;
  throw sendAll('The input was sealed by another organisation than the one this connection goes to');
}

/** Throws where the resource is paused beyond `until` and another could serve the whole of it. */
function checkPause(balancer: Balancer, hints: RoutingHints, resource: Resource, until: number): void {
  const pausedUntil = balancer.pauseOf(resource.id);
  if (pausedUntil === null || pausedUntil <= until) return;
  if (balancer.mayLeave(resource, { ...hints, previousResponseId: null }))
    throw sendAll(`${resource.id} is paused by its upstream for longer than this request may wait`);
}

/** Codex and other clients that keep their history send it whole when they hear this, and whoever can takes that. */
function sendAll(why: string): ProxyError {
  return new ProxyError(
    'previous_response_not_found',
    `${why}; send all of it without previous_response_id.`,
    { param: 'previous_response_id' },
  );
}

/**
 * Where the connection has to go for the exchange; null = it is there. `book` is that of a connection something has
 * been sent over: it stays with its upstream if it can.
 */
export function wayOf(
  parts: RelayParts,
  exchange: Exchange,
  link: UpstreamLink,
  book: Pick<TurnBook, 'size' | 'quiet'> | null,
): Promise<UpstreamLink> | null {
  const { balancer, clock, config } = parts.deps;
  if (book !== null) {
    const until = steadyNow(clock) + config.wait.budgetMs;
    return mustLeave(balancer, exchange, link, book, until) ? newLink(parts, exchange) : null;
  }
  // The first that names a model: what is left for it was said in the handshake.
  if (exchange.hints !== null) balancer.heard(link.resource, exchange.hints, link.head.rateLimit, link.at);
  const doubt = doubtAbout(balancer, exchange, link);
  return doubt === null ? null : linkFor(parts, exchange, link, doubt);
}

/** The connection to where the exchange belongs, be it the one there is. Throws what the client should hear when there is none. */
async function linkFor(
  parts: RelayParts,
  exchange: Exchange,
  link: UpstreamLink,
  doubt: Promise<void>,
): Promise<UpstreamLink> {
  await doubt;
  return belongsElsewhere(parts.deps.balancer, exchange, link) ? newLink(parts, exchange) : link;
}

/** A connection to wherever the exchange belongs now. */
async function newLink({ deps, room }: RelayParts, exchange: Exchange): Promise<UpstreamLink> {
  if (exchange.route === null) throw new Error('a connection needs a route');
  const end = await new HandshakeLoop(deps, room, exchange, exchange.route).run();
  if (end.kind === 'open') return end.link;
  const { status } = end.answer.head;
  throw new ProxyError(
    'bad_upstream_response',
    `${end.lease.resource.id} refused the handshake with ${status}.`,
  );
}
