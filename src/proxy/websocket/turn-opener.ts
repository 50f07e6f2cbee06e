import { isOfAlias } from '../../balancer/alias-scope.js';
import type { Lease } from '../../balancer/lease.js';
import { likelyTokens, promptBytes } from '../../balancer/prompt-size.js';
import type { RoutingHints } from '../../balancer/routing-hints.js';
import { RoutingRefusal } from '../../balancer/routing-refusal.js';
import { ProxyError } from '../../common/errors.js';
import type { Resource } from '../../resources/resource.js';
import type { DecisionRecord } from '../../state/live-state.js';
import type { AttemptOutcome } from '../../upstream/attempt-outcome.js';
import type { Exchange } from '../exchange.js';
import { limitedRequest } from '../limits/limited-request.js';
import { withUpstreamModel } from '../model-rewrite.js';
import { runWithFallbacks } from '../models/fallbacks.js';
import { refusedEnding } from '../refused-ending.js';
import { ClientGone } from '../request-body.js';
import { AskedHolds } from './asked-holds.js';
import { ConnectionPlace } from './connection-place.js';
import { hintsUnder, readHints, responseExchange } from './connection-facts.js';
import type { RelayParts } from './connection-facts.js';
import { asksForMore, type ClientFrame, readClientFrame } from './frames.js';
import type { UpstreamLink } from './handshake-loop.js';
import { checkOwnMessage } from './own-message.js';
import { checkOwnership } from '../../balancer/ownership.js';
import { stopping } from '../stop-reason.js';
import { otherModel, unsent } from './session-errors.js';
import type { Ask } from './kept-asks.js';
import { answerTo, type RefusedAnswer } from './refused-turn.js';
import type { BookOwner, TurnBook } from './turn-book.js';
import { WebsocketTurn } from './websocket-turn.js';

const NOTHING = Buffer.alloc(0);

interface Connection {
  readonly link: UpstreamLink;
  /** Responses that have not ended, with one that waits. */
  readonly open: number;
}

/** Makes the exchanges and turns of one connection, and the records of those that come to nothing. */
export class TurnOpener implements BookOwner {
  /** The first response continues the record of the handshake: its id, its attempts and its decisions. */
  #handshakeOwed = true;
  readonly #asked: AskedHolds;

  constructor(
    private readonly parts: RelayParts,
    private readonly handshake: Exchange,
    private readonly connection: Connection,
  ) {
    const { limits } = parts.deps;
    this.#asked = new AskedHolds((hold) => limits.giveBack(handshake.caller.key, hold));
  }

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
    this.parts.deps.door.checkKnown(exchange.caller);
    exchange.hold = this.parts.deps.limits.reserve(limitedRequest(exchange, hints));
    this.parts.bodies.take(body.length);
    exchange.bodyBytes = body.length;
    if (exchange.id !== this.handshake.id) return;
    exchange.attempts.push(...this.handshake.attempts);
    exchange.decisions.push(...this.handshake.decisions);
  }

  /**
   * A place on the connection's resource, as an HTTP request would get one there: at once, or after a wait. The first
   * response has the one its connection was made for.
   */
  place(
    exchange: Exchange,
    { resource }: UpstreamLink,
    book: Pick<TurnBook, 'knows'>,
  ): Lease | Promise<Lease> {
    const { hints } = exchange;
    if (hints === null) throw new Error('a turn needs hints');
    const recalled = this.#recall(hints, book);
    const place = (): Lease | Promise<Lease> => this.#place(exchange, hints, resource, book);
    return recalled === null ? place() : recalled.then(place);
  }

  /** What a tenant names may be its own though it is not known here; what the connection keeps is known without asking. */
  #recall(hints: RoutingHints, book: Pick<TurnBook, 'knows'>): Promise<void> | null {
    if (!hints.tenant) return null;
    const { previousResponseId } = hints;
    const here = book.knows(previousResponseId);
    return this.parts.deps.balancer.recall(here ? { ...hints, previousResponseId: null } : hints);
  }

  #place(
    exchange: Exchange,
    hints: RoutingHints,
    resource: Resource,
    book: Pick<TurnBook, 'knows'>,
  ): Lease | Promise<Lease> {
    const { deps, room } = this.parts;
    if (hints.alias !== null && !isOfAlias(hints.alias, resource))
      throw nobodyOf(deps.balancer.explain(hints)) ?? otherModel(hints.alias, resource);
    checkOwnership(deps.balancer, hints, (id) => book.knows(id));
    const continues = book.knows(hints.previousResponseId);
    const made = exchange.decisions.at(-1) ?? null;
    // Refused as what it asks for, and now as one of the fallbacks of that: nothing has been decided for it yet.
    if (made !== null && made.resourceId !== null)
      return deps.balancer.acquireOn(resource, hints, { made, continues });
    const places = new ConnectionPlace(deps.balancer, resource, continues);
    return room.acquire(exchange, { hints, tried: [], attempt: 1, places });
  }

  /** What `place` answers, or does for one of the fallbacks of the alias it asks for, where nobody can take that. */
  withFallbacks(exchange: Exchange, place: () => Lease | Promise<Lease>): Lease | Promise<Lease> {
    const { aliased } = exchange;
    if (aliased === null) return place();
    const { models, limits } = this.parts.deps;
    return runWithFallbacks(exchange, aliased, {
      models,
      run: async () => place(),
      hintsFor: (pin) => {
        limits.checkPrice(exchange.caller.key, pin.alias);
        return hintsUnder(exchange, pin);
      },
    });
  }

  /** Writes `started`: the message may go upstream after this. */
  open(exchange: Exchange, link: UpstreamLink, lane: string, lease: Lease, runs = false): WebsocketTurn {
    const { deps, finisher, bodies } = this.parts;
    try {
      if (exchange.decisions.at(-1) !== lease.decision) exchange.decisions.push(lease.decision);
      const decision = exchange.decisions[exchange.refusedBefore] ?? lease.decision;
      if (runs) finisher.note(exchange, decision);
      else finisher.start(exchange, decision);
      const release = (): void => bodies.give(exchange.bodyBytes);
      const told = this.#answerTo.bind(this);
      return new WebsocketTurn(deps, finisher, exchange, lease, {
        lane,
        head: link.head,
        release,
        answerTo: told,
      });
    } catch (error: unknown) {
      lease.release({ kind: 'neutral', cause: 'internal' });
      throw error;
    }
  }

  #answerTo({ exchange: { hints }, lease }: WebsocketTurn, outcome: AttemptOutcome): RefusedAnswer {
    const alone = this.connection.open === 0;
    return answerTo(this.parts.deps.balancer, { hints, resource: lease.resource, outcome, alone });
  }

  /** What goes upstream for a create: as it came, but for the name of an alias. */
  outgoing({ aliased }: Exchange, data: Buffer): Buffer {
    return aliased === null ? data : Buffer.concat(withUpstreamModel(aliased));
  }

  /**
   * Of a message that is no create. Throws as for a create that names what is not its caller's; to be awaited where that
   * has to be looked up.
   */
  checkOther(message: Buffer, book: Pick<TurnBook, 'knows' | 'turns'>): Promise<void> | null {
    return checkOwnMessage(this.parts, this.handshake, message, book);
  }

  /**
   * Such a message goes upstream. Throws as for a create that its key may not have, where it asks for a response of its
   * own. What that takes is set aside, unless it can only take over from what runs in its lane.
   */
  ask(message: Buffer, frame: ClientFrame, book: Pick<TurnBook, 'turns' | 'asked' | 'lastIn'>): void {
    if (!asksForMore(frame)) return;
    const { lane } = frame;
    const { limits, clock, door } = this.parts.deps;
    const { key } = this.handshake.caller;
    door.checkKnown(this.handshake.caller);
    const running = book.turns.find((turn) => turn.lane === lane) ?? null;
    const before = this.#asked.has(lane) ? null : (running?.exchange.hold ?? null);
    if (before === null) this.#asked.checkRoom();
    const model = modelOf(running, book.lastIn(lane), book.turns.at(-1));
    const hold = limits.ask(
      { key, spends: true, model, inputTokens: likelyTokens(promptBytes(message)) },
      before,
    );
    if (hold !== null) this.#asked.add(lane, hold, clock.monotonic());
    book.asked(lane, message);
  }

  /** The upstream has refused such a message. */
  askRefused(lane: string): void {
    this.#asked.refused(lane);
  }

  /** To be called now and then: gives back what has waited in vain. Infinity = all of it, with the connection. */
  expire(now: number): void {
    this.#asked.expire(now);
  }

  /** A response that began without a create: it goes on from the one before it. */
  successor(before: WebsocketTurn | null, ask: Ask | null, lane: string): WebsocketTurn {
    const { link } = this.connection;
    const exchange = responseExchange(this.parts, this.handshake, ask?.message ?? null, null);
    exchange.bodyBytes = exchange.body?.length ?? 0;
    if (before === null || before.exchange.hints === null) readHints(this.parts.deps, exchange, null);
    else {
      const previousResponseId = before.responseId;
      // Of its own message: what went before may have been the whole history.
      const inputTokens = likelyTokens(promptBytes(exchange.body ?? NOTHING));
      const { id: requestId } = exchange;
      exchange.hints = { ...before.exchange.hints, requestId, previousResponseId, inputTokens };
    }
    const { hints } = exchange;
    if (hints === null) throw new Error('a turn needs hints');
    const { balancer, limits } = this.parts.deps;
    const terms = { continues: before !== null, begun: true };
    const turn = this.open(exchange, link, lane, balancer.acquireOn(link.resource, hints, terms), true);
    const request = { ...limitedRequest(exchange, hints), model: modelOf(turn, before) };
    exchange.hold = this.#asked.take(lane) ?? limits.take(request, ask !== null);
    return turn;
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
    if (error instanceof RoutingRefusal && !exchange.decisions.includes(error.decision))
      exchange.decisions.push(error.decision);
    if (error instanceof ProxyError) told = error;
    else if (error instanceof ClientGone) told = unsent();
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

/**
 * Of what a message goes on from, which may be still to begin: it goes on with its model, the one it named or, of a prompt
 * template, the one that the upstream said. The first of them of which either is known.
 */
function modelOf(...turns: readonly (WebsocketTurn | null | undefined)[]): string | null {
  for (const turn of turns) {
    const model = turn?.exchange.hints?.model ?? turn?.servedModel ?? null;
    if (model !== null) return model;
  }
  return null;
}

/** Null = somebody serves it. */
function nobodyOf(decision: DecisionRecord): RoutingRefusal | null {
  const reason = 'no_available_resources';
  if (decision.reason !== reason) return null;
  return new RoutingRefusal(reason, decision.explanation, { shouldRetry: false }, decision);
}
