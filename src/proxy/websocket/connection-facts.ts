import type { IncomingMessage } from 'node:http';
import type { RoutingHints } from '../../balancer/routing-hints.js';
import type { AliasPin } from '../../common/alias-pin.js';
import type { ProxyCaller } from '../../registry/proxy-door.service.js';
import type { BodyBudget } from '../body-budget.js';
import { Exchange } from '../exchange.js';
import type { Finisher } from '../finisher.js';
import { buildHints } from '../hints.js';
import { checkModelNamed } from '../../balancer/key-terms.js';
import { aliasedBody } from '../model-rewrite.js';
import type { Resource } from '../../resources/resource.js';
import type { ProxyDependencies } from '../proxy-dependencies.js';
import { scanRequestBody, type BodyFields } from '../request-scan.js';
import type { ProxyRoute } from '../route-grammar.js';
import type { WaitingRoom } from '../waiting-room.js';

/** What every connection of the relay works with. */
export interface RelayParts {
  readonly deps: ProxyDependencies;
  readonly finisher: Finisher;
  readonly bodies: BodyBudget;
  readonly room: WaitingRoom;
}

/** Marks an exchange as part of a connection: its handshake, or one of its responses. */
export function relayed(exchange: Exchange, caller: ProxyCaller, route: ProxyRoute | null): Exchange {
  exchange.transport = 'websocket';
  exchange.caller = caller;
  exchange.route = route;
  return exchange;
}

/** An exchange for one response, with `message` as the body it would have had over HTTP. */
export function responseExchange(
  { deps }: RelayParts,
  handshake: Exchange,
  message: Buffer | null,
  id: string | null,
): Exchange {
  const exchange = new Exchange(handshake.req, handshake.res, deps.clock, id);
  relayed(exchange, handshake.caller, handshake.route);
  exchange.method = 'WS';
  exchange.body = message;
  return exchange;
}

/** Fills in what the message says about where it belongs; the handshake's headers stand in where it says nothing. Throws as for a body. */
export function readHints(
  { models }: ProxyDependencies,
  exchange: Exchange,
  message: Buffer | null,
): RoutingHints {
  const body = message === null ? null : scanRequestBody(message);
  exchange.aliased = body === null || message === null ? null : aliasedBody(models, body, message);
  const hints = hintsOf(exchange, body, exchange.aliased?.pin ?? null);
  exchange.hints = hints;
  exchange.traceparent = body?.traceparent ?? null;
  if (body !== null) checkModelNamed(exchange.caller.key, hints);
  return hints;
}

/** The same message for one of the fallbacks of what it asks for. Throws where the caller may not go there. */
export function hintsUnder(exchange: Exchange, alias: AliasPin): RoutingHints {
  return hintsOf(exchange, exchange.body === null ? null : scanRequestBody(exchange.body), alias);
}

function hintsOf(exchange: Exchange, body: BodyFields | null, alias: AliasPin | null): RoutingHints {
  const { id: requestId, caller, route } = exchange;
  if (route === null) throw new Error('hints need a route');
  const { headers } = exchange.req satisfies IncomingMessage;
  return { ...buildHints({ requestId, caller, route, headers, body, alias }), stream: true };
}

/** An upstream that repeats our key in a message must not make us tell it. */
export function maskKey({ logger }: ProxyDependencies, { id, apiKey }: Resource, message: Buffer): void {
  if (!apiKey.maskIn(message)) return;
  logger.error({ resource: id }, 'the upstream repeats our key in a message; masked');
}
