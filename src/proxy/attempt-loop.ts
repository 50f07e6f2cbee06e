import { ProxyError } from '../common/errors.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import type { Lease } from '../balancer/lease.js';
import { RoutingRefusal } from '../balancer/routing-refusal.js';
import { answerHeaders } from './answer-headers.js';
import { Attempt } from './attempt.js';
import type { AttemptEnd, HeldAnswer } from './attempt.js';
import type { Exchange } from './exchange.js';
import { finalAnswer } from './final-answer.js';
import type { TriedResource } from './final-answer.js';
import type { Finisher } from './finisher.js';
import type { ProxyDependencies } from './proxy-dependencies.js';
import { refusedEnding } from './refused-ending.js';
import type { RetryBudget } from './retry-budget.js';
import { decideRetry } from './retry-policy.js';
import { sendHeldAnswer } from './send-answer.js';

const MAX_ATTEMPTS = 3;
/** Verdicts of a decision on candidates that could have served. */
const USABLE: ReadonlySet<string | null> = new Set([null, 'higher_load', 'tie_lost', 'lost_to_affinity']);

/** Select, send, classify, and again elsewhere while the retry policy allows it and the client has heard nothing. */
export class AttemptLoop {
  readonly #tried: TriedResource[] = [];
  #retried5xx = false;
  #nextFreeSeconds: number | null = null;
  #lastAnswer: { lease: Lease; answer: HeldAnswer } | null = null;

  constructor(
    private readonly deps: ProxyDependencies,
    private readonly finisher: Finisher,
    private readonly exchange: Exchange,
    private readonly budget: RetryBudget,
  ) {}

  async run(): Promise<void> {
    for (let n = 1; ; n += 1) {
      const lease = this.#acquire(n);
      if (lease === null) return this.#giveUp(false);
      const attempt = new Attempt(this.deps, this.finisher, this.exchange, lease, n);
      let end: AttemptEnd;
      try {
        if (n === 1) this.finisher.start(this.exchange, lease.decision);
        end = await attempt.run();
      } catch (error: unknown) {
        lease.release({ kind: 'neutral', cause: 'internal' });
        throw error;
      }
      if (this.exchange.finished) return;
      lease.release(end.outcome);
      attempt.note(end.outcome);
      if (end.settled) return this.#clientLeft();
      this.#tried.push({ resourceId: lease.resource.id, outcome: end.outcome });
      this.#lastAnswer = end.answer === null ? null : { lease, answer: end.answer };
      if (!this.#mayRetry(end.outcome, n)) return this.#giveUp(n >= MAX_ATTEMPTS && this.#candidatesLeft());
    }
  }

  #acquire(n: number): Lease | null {
    const hints = this.exchange.hints;
    if (hints === null) throw new Error('routing needs hints');
    try {
      const lease = this.deps.balancer.acquire(hints, this.#triedIds(), n);
      this.exchange.decisions.push(lease.decision);
      return lease;
    } catch (error: unknown) {
      if (error instanceof RoutingRefusal) this.exchange.decisions.push(error.decision);
      // With an upstream's own answer in hand that one says more than "nobody is left"; the wait it names is kept.
      if (n > 1 && error instanceof ProxyError) {
        this.#nextFreeSeconds = error.options.retryAfterSeconds ?? null;
        return null;
      }
      throw error;
    }
  }

  #mayRetry(outcome: AttemptOutcome, attempt: number): boolean {
    const { route, hints } = this.exchange;
    if (route === null || hints === null || this.exchange.clientGone) return false;
    const verdict = decideRetry({
      outcome,
      attempt,
      maxAttempts: MAX_ATTEMPTS,
      committed: this.exchange.res.headersSent,
      idempotent: route.idempotent,
      method: route.method,
      hints,
      retry5xx: this.deps.config.retry5xx,
      candidatesLeft: true,
      retried5xx: this.#retried5xx,
      budgetLeft: this.budget.left,
      ownerUnknown: this.#ownerUnknown(),
    });
    if (verdict.retry && verdict.class === 'C1') {
      this.#retried5xx = true;
      this.budget.spend();
    }
    return verdict.retry;
  }

  #candidatesLeft(): boolean {
    const hints = this.exchange.hints;
    if (hints === null) return false;
    const tried = new Set(this.#triedIds());
    return this.deps.balancer
      .explain(hints)
      .candidates.some(({ resourceId, rejected }) => !tried.has(resourceId) && USABLE.has(rejected));
  }

  #triedIds(): string[] {
    return this.#tried.map(({ resourceId }) => resourceId);
  }

  #giveUp(untried: boolean): void {
    const { route } = this.exchange;
    const answer = finalAnswer(this.#tried, {
      untried,
      nextFreeSeconds: this.#nextFreeSeconds,
      generates: route?.kind === 'create' || route?.kind === 'compact',
    });
    if (answer.kind === 'own') throw answer.error;
    if (this.#lastAnswer === null)
      throw new ProxyError('internal_error', 'There is no upstream answer to pass on.');
    this.#pass(this.#lastAnswer.lease, this.#lastAnswer.answer, answer.retryAfterSeconds);
  }

  /**
   * Asked for something stored that no key here is known to have made. Only callers of this machine may have it looked
   * for: to anybody else it could be a stranger's.
   */
  #ownerUnknown(): boolean {
    if (this.exchange.callerId !== 'loopback') return false;
    const first = this.exchange.decisions[0];
    return first?.affinityClass === 'hard' && first.affinityResult === 'miss';
  }

  #pass(lease: Lease, answer: HeldAnswer, retryAfterSeconds: number | null): void {
    const { exchange } = this;
    if (answer.truncated) {
      throw new ProxyError(
        'bad_upstream_response',
        `${lease.resource.id} answered ${answer.head.status} with an error body too long to hold.`,
      );
    }
    const outcome = this.#tried.at(-1)?.outcome;
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
