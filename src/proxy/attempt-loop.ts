import { ProxyError } from '../common/errors.js';
import type { Lease } from '../balancer/lease.js';
import { generates } from '../balancer/routing-hints.js';
import { answerHeaders } from './answer-headers.js';
import { Attempt } from './attempt.js';
import type { AttemptEnd, HeldAnswer } from './attempt.js';
import type { Exchange } from './exchange.js';
import type { FinalAnswer } from './final-answer.js';
import type { Finisher } from './finisher.js';
import { Unserved } from './models/unserved.js';
import type { ProxyDependencies } from './proxy-dependencies.js';
import { refusedEnding } from './refused-ending.js';
import type { RetryBudget } from './retry-budget.js';
import { sendHeldAnswer } from './send-answer.js';
import { Tries } from './tries.js';
import type { WaitingRoom } from './waiting-room.js';

/** Select, send, classify, and again elsewhere while the retry policy allows it and the client has heard nothing. */
export class AttemptLoop {
  readonly #tries: Tries;
  #last: { lease: Lease; answer: HeldAnswer | null } | null = null;

  constructor(
    private readonly deps: ProxyDependencies,
    private readonly finisher: Finisher,
    private readonly exchange: Exchange,
    budget: RetryBudget,
    room: WaitingRoom,
    private readonly fallsBack = false,
  ) {
    const { route, hints } = exchange;
    if (route === null || hints === null) throw new Error('routing needs a route and hints');
    const { method, idempotent } = route;
    this.#tries = new Tries(deps, exchange, room, {
      method,
      idempotent,
      generates: generates(hints),
      budget,
    });
  }

  /** Throws `Unserved` where it falls back and nothing has run. */
  async run(): Promise<void> {
    try {
      for (;;) {
        const n = this.#tries.recordedAs;
        const lease = await this.#tries.next();
        if (lease === null) return this.#giveUp();
        const end = await this.#attempt(lease, n);
        if (this.exchange.finished) return;
        if (end.settled) return this.#clientLeft();
        this.#last = { lease, answer: end.answer };
        if (!this.#tries.mayGoOn(lease, end.outcome)) return this.#giveUp();
      }
    } finally {
      this.#tries.over();
    }
  }

  async #attempt(lease: Lease, n: number): Promise<AttemptEnd> {
    const attempt = new Attempt(this.deps, this.finisher, this.exchange, lease, n);
    let end: AttemptEnd;
    try {
      if (n === 1) this.finisher.start(this.exchange, lease.decision);
      end = await attempt.run();
    } catch (error: unknown) {
      lease.release({ kind: 'neutral', cause: 'internal' });
      throw error;
    }
    if (this.exchange.finished) return end;
    lease.release(end.outcome);
    attempt.note(end.outcome);
    return end;
  }

  #giveUp(): void {
    const answer = this.#tries.conclude();
    const tell = (): void => this.#answer(answer);
    if (this.fallsBack && this.#tries.nothingRan && !this.#hangsOnUnknown()) throw new Unserved(tell);
    tell();
  }

  /** It names something stored, or sealed, by nobody knows whom: that was asked where it belongs, as far as that goes. */
  #hangsOnUnknown(): boolean {
    const last = this.exchange.decisions.at(-1);
    if (last === undefined || last.affinityResult !== 'miss') return false;
    return last.affinityClass === 'hard' || last.affinityClass === 'boundary';
  }

  #answer(answer: FinalAnswer): void {
    if (answer.kind === 'own') throw answer.error;
    const last = this.#last;
    if (last === null || last.answer === null)
      throw new ProxyError('internal_error', 'There is no upstream answer to pass on.');
    this.#pass(last.lease, last.answer, answer.retryAfterSeconds);
  }

  #pass(lease: Lease, answer: HeldAnswer, retryAfterSeconds: number | null): void {
    const { exchange } = this;
    if (answer.truncated) {
      const { status } = answer.head;
      const told = `${lease.resource.id} answered ${status} with an error body too long to hold.`;
      if (status === 429 && retryAfterSeconds !== null)
        throw new ProxyError('upstream_rate_limited', told, { retryAfterSeconds });
      throw new ProxyError('bad_upstream_response', told);
    }
    const outcome = this.#tries.last;
    const code = outcome?.kind === 'answered' ? outcome.code : null;
    const message = outcome?.kind === 'answered' ? outcome.message : null;
    const headers = answerHeaders(this.deps, exchange, lease, answer.head, retryAfterSeconds);
    exchange.firstByteMs ??= exchange.elapsed();
    this.finisher.finish(
      exchange,
      {
        state: 'upstream_error',
        statusCode: answer.head.status,
        resourceId: lease.resource.id,
        errorCode: code ?? `http_${answer.head.status}`,
        errorMessage: message,
        errorSource: 'upstream',
        upstreamRequestId: answer.head.requestId,
        responseBytes: answer.body.length,
        tap: null,
        bindings: [],
      },
      this.deps.config.capture.maxBytes === 0
        ? null
        : {
            meta: {
              contentType: answer.head.contentType,
              contentEncoding: answer.head.contentEncoding,
              size: answer.body.length,
              truncated: answer.body.length > this.deps.config.capture.maxBytes,
            },
            chunks: [answer.body.subarray(0, this.deps.config.capture.maxBytes)],
          },
    );
    sendHeldAnswer(exchange.res, answer.head.status, headers, answer.body);
  }

  #clientLeft(): void {
    this.finisher.finish(this.exchange, refusedEnding(this.exchange, null), null);
  }
}
