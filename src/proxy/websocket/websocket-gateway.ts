import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { WebSocketServer } from 'ws';
import { RoutingRefusal } from '../../balancer/routing-refusal.js';
import { ProxyError } from '../../common/errors.js';
import type { ProxyCaller } from '../../registry/proxy-door.service.js';
import type { Guarded } from '../access-watch.js';
import { checkHead } from '../admission.js';
import { answerHeaders } from '../answer-headers.js';
import { Exchange, NO_CALLER, NOBODY } from '../exchange.js';
import { refusedEnding } from '../refused-ending.js';
import { ClientGone } from '../request-body.js';
import { sendHeldAnswer, sendOwnError } from '../send-answer.js';
import { acceptHeaders, linesOf } from './accept-headers.js';
import { readHints, relayed } from './connection-facts.js';
import type { RelayParts } from './connection-facts.js';
import { HandshakeLoop } from './handshake-loop.js';
import type { LoopEnd } from './handshake-loop.js';
import { socketOptions } from './socket-options.js';
import { checkUpgrade, upgradeRoute } from './upgrade-admission.js';
import { UpgradeClient } from './upgrade-client.js';
import { WebsocketSession } from './websocket-session.js';

/** The door for WebSockets: admits, connects to an upstream first, and only then completes the client's handshake. */
export class WebsocketGateway {
  readonly #server: WebSocketServer;
  readonly #handshakes = new Set<Exchange>();
  readonly #sessions = new Map<WebsocketSession, ProxyCaller>();

  constructor(private readonly parts: RelayParts) {
    this.#server = new WebSocketServer({
      ...socketOptions(parts.deps.config.websocket),
      noServer: true,
      clientTracking: false,
      // None is defined for this API; the default would agree to whatever is asked for.
      handleProtocols: () => false,
    });
    this.#server.on('headers', (lines, req) => void lines.push(...(acceptHeaders.get(req) ?? [])));
  }

  /** Handshakes and responses that have not ended. */
  get open(): number {
    let open = this.#handshakes.size;
    for (const session of this.#sessions.keys()) open += session.open;
    return open;
  }

  handle(req: IncomingMessage, socket: Socket, head: Buffer): void {
    if (UpgradeClient.isBusy(socket)) {
      socket.destroy();
      return;
    }
    const client = new UpgradeClient(req, socket, head, () => exchange.clientClosed());
    const exchange = relayed(new Exchange(req, client.res, this.parts.deps.clock), NO_CALLER, null);
    this.#run(exchange, client)
      .catch((error: unknown) => this.#refuse(exchange, client, error))
      .finally(() => this.#handshakes.delete(exchange));
  }

  drain(): void {
    for (const session of this.#sessions.keys()) session.drain();
  }

  /** Handshakes and connections, each with its caller. */
  *guarded(): Iterable<Guarded> {
    yield* this.#handshakes;
    for (const [session, caller] of this.#sessions) yield { caller, stop: (why) => session.stop(why) };
  }

  async #run(exchange: Exchange, client: UpgradeClient): Promise<void> {
    const { deps, room } = this.parts;
    const { req } = exchange;
    checkHead(req.rawHeaders, deps.config.server.maxHeaders);
    exchange.caller = await deps.door.enter(req);
    if (deps.drain.draining) throw new ProxyError('server_shutdown', 'The proxy is stopping; use HTTP.');
    if (!deps.config.websocket.enabled)
      throw new ProxyError(
        'upgrade_required',
        'WebSocket mode is off here (PROXY_WEBSOCKET); use HTTP (supports_websockets=false in Codex).',
      );
    const route = upgradeRoute(req.url ?? '');
    exchange.route = route;
    checkUpgrade(req);
    this.#checkRoom();
    this.#handshakes.add(exchange);
    await deps.balancer.recall(readHints(deps, exchange, null));
    const end = await new HandshakeLoop(deps, room, exchange, route).run();
    if (end.kind === 'answer') this.#passOn(exchange, client, end);
    else this.#open(exchange, client, end);
  }

  #checkRoom(): void {
    const { maxSockets } = this.parts.deps.config.websocket;
    if (this.#sessions.size + this.#handshakes.size < maxSockets) return;
    throw new ProxyError(
      'overloaded',
      `${maxSockets} WebSocket connections are open (PROXY_WEBSOCKET_MAX_SOCKETS); use HTTP or try again.`,
      { retryAfterSeconds: 1 },
    );
  }

  #open(exchange: Exchange, client: UpgradeClient, { link }: Extract<LoopEnd, { kind: 'open' }>): void {
    const { deps } = this.parts;
    const reason = exchange.decisions.at(-1)?.reason ?? '';
    acceptHeaders.set(exchange.req, linesOf(link.head, link.resource, { requestId: exchange.id, reason }));
    let accepted = false;
    client.accept(this.#server, (socket, connection) => {
      accepted = true;
      const session = new WebsocketSession(this.parts, socket, connection, link, exchange, () =>
        this.#left(session),
      );
      this.#sessions.set(session, exchange.caller);
      deps.openSockets.count = this.#sessions.size;
      const { id } = exchange;
      deps.logger.info({ id, resource: link.resource.id, ms: exchange.elapsed() }, 'websocket open');
      if (deps.drain.draining) session.drain();
    });
    if (accepted) return;
    link.socket.terminate();
    this.parts.finisher.finish(exchange, refusedEnding(exchange, null), null);
  }

  #left(session: WebsocketSession): void {
    this.#sessions.delete(session);
    this.parts.deps.openSockets.count = this.#sessions.size;
  }

  /** The upstream's own refusal (400, 429, …), in plain HTTP. */
  #passOn(exchange: Exchange, client: UpgradeClient, end: Extract<LoopEnd, { kind: 'answer' }>): void {
    const { deps, finisher } = this.parts;
    const { head, body } = end.answer;
    const headers = answerHeaders(deps, exchange, end.lease, head, end.retryAfterSeconds);
    finisher.finish(
      exchange,
      {
        state: 'upstream_error',
        statusCode: head.status,
        resourceId: end.lease.resource.id,
        errorCode: `http_${head.status}`,
        errorMessage: exchange.attempts.at(-1)?.error ?? null,
        errorSource: 'upstream',
        upstreamRequestId: head.requestId,
        responseBytes: body.length,
        tap: null,
        bindings: [],
      },
      null,
    );
    sendHeldAnswer(client.refusable(), head.status, headers, body);
  }

  #refuse(exchange: Exchange, client: UpgradeClient, error: unknown): void {
    const { deps, finisher } = this.parts;
    if (error instanceof RoutingRefusal && !exchange.decisions.includes(error.decision))
      exchange.decisions.push(error.decision);
    if (!(error instanceof ProxyError) && !(error instanceof ClientGone))
      deps.logger.error({ id: exchange.id, err: error }, 'a WebSocket handshake failed inside the proxy');
    const answer =
      error instanceof ProxyError
        ? error
        : new ProxyError(
            'internal_error',
            `The proxy failed on this request (${exchange.id}); the log says why.`,
          );
    if (exchange.callerId !== NOBODY)
      finisher.finish(exchange, refusedEnding(exchange, exchange.clientGone ? null : answer), null);
    sendOwnError(client.refusable(), answer, exchange.id);
  }
}
