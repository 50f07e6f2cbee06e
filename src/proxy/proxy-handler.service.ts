import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { ProxyError } from '../common/errors.js';
import { RoutingRefusal } from '../balancer/routing-refusal.js';
import { AccessWatch, type Guarded } from './access-watch.js';
import { checkHead } from './admission.js';
import { AttemptLoop } from './attempt-loop.js';
import { BodyBudget } from './body-budget.js';
import { Exchange, NOBODY } from './exchange.js';
import { Finisher } from './finisher.js';
import { buildHints, type HintsInput } from './hints.js';
import { checkModelNamed } from '../balancer/key-terms.js';
import { limitedRequest } from './limits/limited-request.js';
import type { ProxyDependencies } from './proxy-dependencies.js';
import { refusedEnding } from './refused-ending.js';
import { ClientGone } from './request-body.js';
import { RequestIntake } from './request-intake.js';
import { answerAlias } from './models/alias-answer.js';
import { runWithFallbacks } from './models/fallbacks.js';
import { Unserved } from './models/unserved.js';
import { RetryBudget } from './retry-budget.js';
import { matchRoute } from './route-grammar.js';
import { StartPace } from './start-pace.js';
import { stopping } from './stop-reason.js';
import { WebsocketGateway } from './websocket/websocket-gateway.js';
import { SelfTest } from './self-test/self-test.js';
import { sendOwnError } from './send-answer.js';
import { checkOwnership } from '../balancer/ownership.js';
import { WaitingRoom } from './waiting-room.js';

const SHUTDOWN_RETRY_SECONDS = 1;

/**
 * Everything below /v1: admits the request, reads it, routes it, and answers. Takes Node's own types only; no
 * framework stands between the socket and this.
 */
export class ProxyHandler {
  readonly #open = new Set<Exchange>();
  readonly #finisher: Finisher;
  readonly #budget = new RetryBudget();
  readonly #bodies: BodyBudget;
  readonly #intake: RequestIntake;
  readonly #room: WaitingRoom;
  readonly #pace: StartPace;
  readonly #websockets: WebsocketGateway;
  readonly #access: AccessWatch;
  readonly #selfTest: SelfTest;

  constructor(private readonly deps: ProxyDependencies) {
    this.#bodies = new BodyBudget(deps.config.server.maxBufferedBytes);
    this.#intake = new RequestIntake(deps.config.server, this.#bodies, deps.models);
    this.#room = new WaitingRoom(deps.balancer, deps.config.wait, deps.clock);
    this.#finisher = new Finisher(deps);
    this.#pace = new StartPace(() => deps.clock.monotonic());
    const [finisher, bodies, room] = [this.#finisher, this.#bodies, this.#room];
    this.#websockets = new WebsocketGateway({ deps, finisher, bodies, room });
    this.#selfTest = new SelfTest(deps.config.adminToken, deps.clock);
    this.#access = new AccessWatch(deps.door, () => this.#guarded());
  }

  /** Exchanges between their head and their end; of a WebSocket, its responses. */
  get openExchanges(): number {
    return this.#open.size + this.#websockets.open;
  }

  handle(req: IncomingMessage, res: ServerResponse): void {
    const exchange = new Exchange(req, res, this.deps.clock);
    this.#open.add(exchange);
    const onClose = (): void => {
      if (!res.writableFinished) exchange.clientClosed();
    };
    res.once('close', onClose);
    // A pipelined answer that waits for its turn has no socket yet and would not hear of its end.
    const queued = res.socket === null;
    if (queued) req.socket.once('close', onClose);
    this.#run(exchange)
      .catch((error: unknown) => this.#refuse(exchange, error))
      .finally(() => {
        this.#open.delete(exchange);
        exchange.leaveBudget();
        if (queued) req.socket.off('close', onClose);
        this.#bodies.give(exchange.bodyBytes);
      });
  }

  /** Ends what still runs: streams get a last event, requests without an answer a 503. */
  shutdown(): void {
    this.#access.end();
    for (const one of this.#guarded()) one.stop(stopping());
  }

  /** `Upgrade: websocket`, off its parser. */
  upgrade(req: IncomingMessage, socket: Socket, head: Buffer): void {
    const plan = SelfTest.planOf(req);
    if (plan === null) this.#websockets.handle(req, socket, head);
    else this.#selfTest.upgrade(req, socket, () => this.deps.door.admit(req));
  }

  /** The process begins to stop: connections without a response end now, the others after their last. */
  drain(): void {
    this.#websockets.drain();
  }

  *#guarded(): Iterable<Guarded> {
    yield* this.#open;
    yield* this.#websockets.guarded();
  }

  async #run(exchange: Exchange): Promise<void> {
    const { req } = exchange;
    const { config, drain } = this.deps;
    checkHead(req.rawHeaders, config.server.maxHeaders);
    const plan = SelfTest.planOf(req);
    if (plan !== null) {
      this.#selfTest.answer(plan, exchange, () => this.deps.door.admit(req));
      return;
    }
    const caller = this.deps.door.enter(req);
    exchange.caller = caller instanceof Promise ? await caller : caller;
    // Not before: strangers must not earn retries.
    exchange.leaveBudget = this.#budget.enter();
    if (drain.draining) {
      throw new ProxyError('server_shutdown', 'The proxy is stopping; send the request again.', {
        retryAfterSeconds: SHUTDOWN_RETRY_SECONDS,
      });
    }
    const route = matchRoute(req.method ?? 'GET', req.url ?? '');
    exchange.route = route;
    const fields = await this.#intake.read(exchange, route);
    const paced = this.#pace.enter();
    if (paced !== null) await paced;
    const input: HintsInput = {
      requestId: exchange.id,
      caller: exchange.caller,
      route,
      headers: req.headers,
      body: fields,
      alias: exchange.aliased?.pin ?? null,
    };
    exchange.hints = buildHints(input);
    checkModelNamed(exchange.caller.key, exchange.hints);
    exchange.hold = this.deps.limits.reserve(limitedRequest(exchange, exchange.hints));
    if (route.kind === 'model' && answerAlias(this.deps, this.#finisher, exchange)) return;
    const recalled = this.deps.balancer.recall(exchange.hints);
    if (recalled !== null) await recalled;
    checkOwnership(this.deps.balancer, exchange.hints);
    await this.#serve(exchange, input);
  }

  async #serve(exchange: Exchange, input: HintsInput): Promise<void> {
    const { aliased } = exchange;
    const run = (): Promise<void> =>
      new AttemptLoop(this.deps, this.#finisher, exchange, this.#budget, this.#room, aliased !== null).run();
    if (aliased === null) return run();
    const { models, limits } = this.deps;
    try {
      await runWithFallbacks(exchange, aliased, {
        models,
        run,
        hintsFor: (alias) => {
          limits.checkPrice(exchange.caller.key, alias.alias);
          return buildHints({ ...input, alias });
        },
      });
    } catch (error: unknown) {
      if (!(error instanceof Unserved)) throw error;
      error.answer();
    }
  }

  #refuse(exchange: Exchange, error: unknown): void {
    const answer = this.#answerFor(exchange, error);
    if (error instanceof RoutingRefusal && !exchange.decisions.includes(error.decision)) {
      exchange.decisions.push(error.decision);
    }
    const gone = error instanceof ClientGone || exchange.clientGone;
    // Callers without access leave no trace in the history: it must not be fillable by strangers.
    if (exchange.callerId !== NOBODY) {
      this.#finisher.finish(exchange, refusedEnding(exchange, gone ? null : answer), null);
    }
    if (exchange.res.headersSent) exchange.res.destroy();
    else sendOwnError(exchange.res, answer, exchange.id);
  }

  #answerFor(exchange: Exchange, error: unknown): ProxyError {
    if (error instanceof ProxyError) return error;
    const { id } = exchange;
    if (!(error instanceof ClientGone)) {
      this.deps.logger.error({ id, err: error }, 'a request failed inside the proxy');
    }
    return new ProxyError('internal_error', `The proxy failed on this request (${id}); the log says why.`);
  }
}
