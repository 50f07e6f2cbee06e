import type { Lease } from '../balancer/lease.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { attemptClass, classifyError, parseUpstreamError } from '../upstream/classify.js';
import { buildRequestHeaders } from '../upstream/request-headers.js';
import { framingConflict } from '../upstream/response-headers.js';
import { bytesOf } from '../upstream/outgoing-body.js';
import type { UpstreamCall, UpstreamSink } from '../upstream/upstream-call.js';
import { readAnswerHead } from './answer-head.js';
import type { AnswerHead } from './answer-head.js';
import { CommittedAnswer } from './committed-answer.js';
import type { Exchange } from './exchange.js';
import type { Finisher } from './finisher.js';
import { withUpstreamModel } from './model-rewrite.js';
import { forCaller } from './models/for-caller.js';
import { drainsFor } from './on-disconnect.js';
import type { ProxyDependencies } from './proxy-dependencies.js';
import { reasonAtEnd } from './retry-policy.js';
import { causeOf, type StopReason } from './stop-reason.js';

/** Error answers up to this size are held back to decide about them; longer ones are passed on as they come. */
const HELD_ANSWER_BYTES = 256 * 1024;

/** An error answer of the upstream, whole, that has not been shown to the client. */
export interface HeldAnswer {
  readonly head: AnswerHead;
  readonly body: Buffer;
  /** The body went over what is held; the rest was not read. */
  readonly truncated: boolean;
}

export interface AttemptEnd {
  /** The client has heard this attempt's answer, or nobody is left to hear one. */
  readonly settled: boolean;
  readonly outcome: AttemptOutcome;
  readonly answer: HeldAnswer | null;
}

/** Refusals of the request itself. Everything else may be about the key or the upstream, and somebody else may serve. */
function isForTheClient(status: number): boolean {
  return status >= 400 && status < 500 && status !== 401 && status !== 403 && status !== 429;
}

/** One request to one resource. Holds error answers back, hands good ones on, and ends exactly once. */
export class Attempt implements UpstreamSink {
  readonly #startedAt: number;
  readonly #startedMono: number;
  #call: UpstreamCall | null = null;
  #head: AnswerHead | null = null;
  #held: Buffer[] = [];
  #heldBytes = 0;
  #committed: CommittedAnswer | null = null;
  #total: NodeJS.Timeout | null = null;
  #resolve: (end: AttemptEnd) => void = () => undefined;
  #ended = false;
  bytesReceived = 0;

  constructor(
    readonly deps: ProxyDependencies,
    readonly finisher: Finisher,
    readonly exchange: Exchange,
    readonly lease: Lease,
    private readonly n: number,
  ) {
    this.#startedAt = deps.clock.now();
    this.#startedMono = deps.clock.monotonic();
  }

  run(): Promise<AttemptEnd> {
    const { exchange, lease, deps } = this;
    const route = exchange.route;
    if (route === null) throw new Error('an attempt needs a route');
    return new Promise((resolve) => {
      this.#resolve = resolve;
      exchange.onClientGone = (): void => this.#clientGone();
      exchange.onStop = (why): void => this.#stop(why);
      const { aliased } = exchange;
      const asSent = route.hasBody ? exchange.body : null;
      const body = aliased === null ? asSent : withUpstreamModel(aliased);
      const { rawHeaders } = exchange.req;
      const headers = buildRequestHeaders(rawHeaders, lease.resource, bytesOf(body), aliased !== null);
      this.#total = setTimeout(() => this.#timeout(), deps.config.upstream.totalTimeoutMs).unref();
      this.#call = deps.upstream.send(
        { resource: lease.resource, method: route.method, path: route.upstreamPath, headers, body },
        route.kind === 'models' ? forCaller(this, deps, exchange) : this,
      );
    });
  }

  onHead(status: number, raw: readonly Buffer[]): boolean {
    const conflict = framingConflict(raw);
    if (conflict !== null) {
      this.abort();
      this.#end({
        settled: false,
        outcome: { kind: 'lost', cause: 'garbage', message: conflict },
        answer: null,
      });
      return false;
    }
    const head = readAnswerHead(status, raw, this.deps.clock.now());
    this.#head = head;
    this.lease.answered(head.rateLimit);
    if (status < 300) this.#commit(head);
    return true;
  }

  onChunk(chunk: Buffer): boolean {
    this.bytesReceived += chunk.length;
    this.#mask(chunk);
    if (this.#committed !== null) return this.#committed.write(chunk);
    this.#held.push(chunk);
    this.#heldBytes += chunk.length;
    if (this.#heldBytes <= HELD_ANSWER_BYTES || this.#head === null) return true;
    return this.#heldTooLong(this.#head);
  }

  onEnd(): void {
    if (this.#committed !== null) return this.#committed.end();
    const head = this.#head;
    if (head === null) return this.onError(new Error('the upstream ended without an answer'), true);
    this.#endAnswered(head, false);
  }

  onError(error: unknown, sent: boolean): void {
    const outcome = classifyError(error, sent || this.#head !== null, this.#head !== null);
    if (this.#committed !== null) return this.#committed.cut(outcome);
    this.#end({ settled: false, outcome, answer: null });
  }

  /** The committed answer has come to its end, one way or another; its record is written. */
  settle(outcome: AttemptOutcome): void {
    this.#end({ settled: true, outcome, answer: null });
  }

  /** The upstream goes on when the client has gone. */
  get outlivesClient(): boolean {
    const { deps, exchange, lease } = this;
    return exchange.hints?.background === true || drainsFor(deps.config.onDisconnect, lease.resource);
  }

  /** Adds this attempt to the exchange's record; before the record is written. */
  note(outcome: AttemptOutcome): void {
    const { exchange, lease, deps } = this;
    exchange.attempts.push({
      n: this.n,
      resourceId: lease.resource.id,
      class: attemptClass(outcome),
      status: this.#head?.status ?? null,
      error: 'message' in outcome && outcome.message !== null ? outcome.message.slice(0, 300) : null,
      startedAt: this.#startedAt,
      durationMs: Math.max(0, Math.round(deps.clock.monotonic() - this.#startedMono)),
      bytesSent: this.#call?.bytesSent ?? 0,
      bytesReceived: this.bytesReceived,
      retryReason: reasonAtEnd(outcome),
    });
  }

  abort(): void {
    this.#call?.abort();
  }

  resume(): void {
    this.#call?.resume();
  }

  /** A long error answer: passed on as it comes where it would be passed on anyway, else its status has to do. */
  #heldTooLong(head: AnswerHead): boolean {
    if (!isForTheClient(head.status)) {
      this.abort();
      this.#endAnswered(head, true);
      return false;
    }
    const answer = this.#commit(head);
    let goOn = true;
    for (const held of this.#held.splice(0)) goOn = answer.write(held);
    return goOn;
  }

  #endAnswered(head: AnswerHead, truncated: boolean): void {
    const body = Buffer.concat(this.#held);
    this.#mask(body);
    const answer = { head, body, truncated };
    this.#end({ settled: false, outcome: this.#answered(answer), answer });
  }

  /** An upstream that repeats our key in an answer must not make us tell it to the client or to the history. */
  #mask(bytes: Buffer): void {
    const { id, apiKey } = this.lease.resource;
    if (!apiKey.maskIn(bytes)) return;
    this.deps.logger.error(
      { id: this.exchange.id, resource: id },
      'the upstream repeats our key in a body; masked',
    );
  }

  #commit(head: AnswerHead): CommittedAnswer {
    this.exchange.firstByteMs ??= this.exchange.elapsed();
    this.#committed = new CommittedAnswer(this, head);
    this.#committed.begin();
    return this.#committed;
  }

  #answered(answer: HeldAnswer): AttemptOutcome {
    const { status, retryAfterMs, rateLimit } = answer.head;
    return { kind: 'answered', status, ...parseUpstreamError(answer.body), retryAfterMs, rateLimit };
  }

  #clientGone(): void {
    if (this.#committed !== null) return this.#committed.clientGone();
    // A background response goes on upstream without us; giving up the call would not stop it, only lose its id. And an
    // operator who prefers the exact bill lets every answer come to its end.
    if (this.outlivesClient) return;
    this.abort();
    this.#end({ settled: true, outcome: { kind: 'neutral', cause: 'client_aborted' }, answer: null });
  }

  #stop(why: StopReason): void {
    if (this.#committed !== null) return this.#committed.stop(why);
    this.abort();
    this.#end({ settled: false, outcome: { kind: 'neutral', cause: causeOf(why) }, answer: null });
  }

  #timeout(): void {
    const outcome = this.#overdue();
    this.abort();
    if (this.#committed !== null) this.#committed.cut(outcome);
    else this.#end({ settled: false, outcome, answer: null });
  }

  /** Where both limits have passed without a head, the first one has the name: this key never answers. */
  #overdue(): AttemptOutcome {
    const { totalTimeoutMs, firstByteTimeoutMs } = this.deps.config.upstream;
    if (this.#head === null && this.#call?.sent === false) return notSent(this.#call, totalTimeoutMs);
    if (this.#head === null && firstByteTimeoutMs <= totalTimeoutMs)
      return {
        kind: 'lost',
        cause: 'first_byte_timeout',
        message: `no answer within ${firstByteTimeoutMs / 1000} s`,
      };
    const message = `no complete answer within ${totalTimeoutMs / 1000} s`;
    return { kind: 'lost', cause: 'total_timeout', message };
  }

  #end(end: AttemptEnd): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#total !== null) clearTimeout(this.#total);
    this.exchange.onClientGone = null;
    this.exchange.onStop = null;
    this.#resolve(end);
  }
}

/** What is not whole cannot be processed. */
function notSent({ connected }: UpstreamCall, limitMs: number): AttemptOutcome {
  const seconds = limitMs / 1000;
  return connected
    ? { kind: 'unsent', cause: 'total_timeout', message: `the request was not taken within ${seconds} s` }
    : { kind: 'unsent', cause: 'queue_timeout', message: `no connection was free within ${seconds} s` };
}
