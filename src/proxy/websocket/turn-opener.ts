import { isOfAlias } from '../../balancer/alias-scope.js';
import type { DecisionRecord } from '../../state/live-state.js';
import { ProxyError } from '../../common/errors.js';
import type { Exchange } from '../exchange.js';
import { limitedRequest } from '../limits/limited-request.js';
import { withUpstreamModel } from '../model-rewrite.js';
import { refusedEnding } from '../refused-ending.js';
import { readHints, responseExchange } from './connection-facts.js';
import type { RelayParts } from './connection-facts.js';
import { readClientFrame } from './frames.js';
import type { UpstreamLink } from './handshake-loop.js';
import { stopping } from '../stop-reason.js';
import { otherModel, unsent } from './session-errors.js';
import type { Ask } from './kept-asks.js';
import { WebsocketTurn } from './websocket-turn.js';

/** Makes the exchanges and turns of one connection, and the records of those that come to nothing. */
export class TurnOpener {
  /** The first response continues the record of the handshake: its id, its attempts and its decisions. */
  #handshakeOwed = true;

  constructor(
    private readonly parts: RelayParts,
    private readonly handshake: Exchange,
  ) {}

  /** For a create whose fields have not been read yet. */
  exchange(message: Buffer): Exchange {
    const id = this.#handshakeOwed ? this.handshake.id : null;
    const exchange = responseExchange(this.parts, this.handshake, message, id);
    this.#handshakeOwed = false;
    return exchange;
  }

  /** Reads where the create belongs. Throws as an HTTP request with this body would be refused. */
  read(exchange: Exchange): void {
    const { body } = exchange;
    const hints = readHints(this.parts.deps, exchange, body);
    if (body === null) return;
    exchange.hold = this.parts.deps.limits.reserve(limitedRequest(exchange, hints));
    this.parts.bodies.take(body.length);
    exchange.bodyBytes = body.length;
    if (exchange.id !== this.handshake.id) return;
    exchange.attempts.push(...this.handshake.attempts);
    exchange.decisions.push(...this.handshake.decisions);
  }

  /**
   * Takes a place on the connection's resource and writes `started`: the message may go upstream after this. `continues`:
   * it goes on from a response of this connection.
   */
  open(exchange: Exchange, link: UpstreamLink, lane: string, continues: boolean, runs = false): WebsocketTurn {
    const { deps, finisher, bodies } = this.parts;
    const { hints } = exchange;
    if (hints === null) throw new Error('a turn needs hints');
    if (hints.alias !== null && !isOfAlias(hints.alias, link.resource))
      throw otherModel(hints.alias, link.resource);
    const made: DecisionRecord | null = exchange.decisions.at(-1) ?? null;
    const lease = deps.balancer.acquireOn(link.resource, hints, made, continues);
    try {
      if (made === null) exchange.decisions.push(lease.decision);
      const decision = exchange.decisions[0] ?? lease.decision;
      if (runs) finisher.note(exchange, decision);
      else finisher.start(exchange, decision);
      const release = (): void => bodies.give(exchange.bodyBytes);
      return new WebsocketTurn(deps, finisher, exchange, lease, { lane, head: link.head, release });
    } catch (error: unknown) {
      lease.release({ kind: 'neutral', cause: 'internal' });
      throw error;
    }
  }

  /** What goes upstream for a create: as it came, but for the name of an alias. */
  outgoing({ aliased }: Exchange, data: Buffer): Buffer {
    return aliased === null ? data : Buffer.concat(withUpstreamModel(aliased));
  }

  /** A response that began without a create: it goes on from the one before it. */
  successor(before: WebsocketTurn | null, ask: Ask | null, lane: string, link: UpstreamLink): WebsocketTurn {
    const exchange = responseExchange(this.parts, this.handshake, ask?.message ?? null, null);
    exchange.bodyBytes = exchange.body?.length ?? 0;
    if (before === null || before.exchange.hints === null) readHints(this.parts.deps, exchange, null);
    else {
      const previousResponseId = before.responseId;
      exchange.hints = { ...before.exchange.hints, requestId: exchange.id, previousResponseId };
    }
    return this.open(exchange, link, lane, before !== null, true);
  }

  /** Records the creates among messages that waited for their connection in vain, with nobody left to tell. */
  abandon(messages: readonly { readonly data: Buffer }[], clientGone: boolean, draining: boolean): void {
    const why = draining ? stopping() : unsent();
    for (const { data } of messages) {
      const exchange = responseExchange(this.parts, this.handshake, data, null);
      try {
        if (readClientFrame(data).type !== 'response.create') continue;
        readHints(this.parts.deps, exchange, data);
      } catch {
        // It would have been refused; that it was never sent says more.
      }
      if (clientGone) exchange.clientClosed();
      const ending = refusedEnding(exchange, clientGone ? null : why);
      this.parts.finisher.finish(exchange, clientGone ? ending : { ...ending, state: 'interrupted' }, null);
    }
  }

  /** Records a create that goes nowhere and answers what the client should hear of it. */
  refuse(exchange: Exchange, error: unknown): ProxyError {
    const { deps, finisher, bodies } = this.parts;
    let told: ProxyError;
    if (error instanceof ProxyError) told = error;
    else {
      deps.logger.error({ id: exchange.id, err: error }, 'a WebSocket message failed inside the proxy');
      told = new ProxyError(
        'internal_error',
        `The proxy failed on this message (${exchange.id}); the log says why.`,
      );
    }
    bodies.give(exchange.bodyBytes);
    exchange.bodyBytes = 0;
    finisher.finish(exchange, refusedEnding(exchange, exchange.clientGone ? null : told), null);
    return told;
  }
}
