import type { Lease, ServedFacts } from '../../balancer/lease.js';
import { isUncached, leftWarm } from '../../balancer/warm-cache.js';
import type { AttemptOutcome } from '../../upstream/attempt-outcome.js';
import { attemptClass } from '../../upstream/classify.js';
import { parseRetryAfter } from '../../upstream/retry-after.js';
import type { CapturedBody } from '../../usage/spool.js';
import { UsageTap } from '../../usage/usage-tap.js';
import type { TapResult } from '../../usage/usage-tap.js';
import type { AnswerHead } from '../answer-head.js';
import { endingOf, toldEnding, wholeEnding } from '../ending.js';
import type { CommittedEnd, EndingCore } from '../ending.js';
import type { Exchange } from '../exchange.js';
import type { Finisher } from '../finisher.js';
import type { ProxyDependencies } from '../proxy-dependencies.js';
import { reasonAtEnd } from '../retry-policy.js';
import type { ErrorFrame } from './frames.js';
import { AS_IT_CAME, type RefusedAnswer } from './refused-turn.js';

/** The stored answer reads like the stream it would have been over HTTP. */
const EVENT_STREAM = 'text/event-stream';
const BEFORE = Buffer.from('data: ');
const AFTER = Buffer.from('\n\n');
const LINE_FEED = 0x0a;
const SPACE = 0x20;

interface TurnPlace {
  readonly lane: string;
  /** Of the handshake: the only headers there are. */
  readonly head: AnswerHead;
  /** Gives back what the turn's message takes of the memory for bodies. */
  readonly release: () => void;
  /** What the client hears when it was refused before it began: asked once its key's verdict is in. */
  readonly answerTo: (refused: WebsocketTurn, outcome: AttemptOutcome) => RefusedAnswer;
}

/** One response on a connection, from its create (or its own beginning) to its end: one row, one lease, one verdict on the key. */
export class WebsocketTurn {
  /** Null when it has ended: its bytes need not be kept for as long as the connection lasts. */
  #tap: UsageTap | null;
  #responseId: string | null = null;
  #servedModel: string | null = null;
  readonly #startedAt: number;
  readonly #startedMono: number;
  #bytes = 0;
  #error: ErrorFrame | null = null;
  #answer: RefusedAnswer = AS_IT_CAME;
  #messages = 0;

  constructor(
    private readonly deps: ProxyDependencies,
    private readonly finisher: Finisher,
    readonly exchange: Exchange,
    readonly lease: Lease,
    private readonly place: TurnPlace,
  ) {
    this.#startedAt = deps.clock.now();
    this.#startedMono = deps.clock.monotonic();
    this.#tap = new UsageTap({
      contentType: EVENT_STREAM,
      contentEncoding: null,
      contentLength: null,
      maxCaptureBytes: deps.config.capture.maxBytes,
      room: deps.captureRoom,
    });
  }

  get lane(): string {
    return this.place.lane;
  }

  get responseId(): string | null {
    return this.#tap === null ? this.#responseId : this.#tap.result().responseId;
  }

  /** The model that the upstream names. */
  get servedModel(): string | null {
    return this.#tap === null ? this.#servedModel : this.#tap.result().servedModel;
  }

  /** What the client hears of its last message, when that was its first, too. */
  get answer(): RefusedAnswer {
    return this.#answer;
  }

  /** Milliseconds it has been open. */
  get age(): number {
    return this.deps.clock.monotonic() - this.#startedMono;
  }

  /** Looks at a message that is about to be forwarded. */
  push(data: Buffer): void {
    this.exchange.firstByteMs ??= this.exchange.elapsed();
    this.#bytes += data.length;
    // What the upstream says of its limits from here on has this response in it.
    if (this.#messages === 0) this.lease.answered(null);
    this.#messages += 1;
    this.#tap?.push(BEFORE);
    // An event's data is one line; between JSON values a line break is as good as a blank.
    this.#tap?.push(data.includes(LINE_FEED) ? withoutLineFeeds(data) : data);
    this.#tap?.push(AFTER);
  }

  /** The upstream's word on what went wrong, beside the body of the message. */
  failedWith(error: ErrorFrame): void {
    this.#error = error;
  }

  /** Gives the lease back and writes the record, once. Before the client can know of the end. */
  end(how: CommittedEnd, failure: AttemptOutcome | null = null): void {
    const reader = this.#tap;
    if (reader === null) return;
    this.#tap = null;
    this.place.release();
    reader.end();
    const { exchange, lease } = this;
    const tap = reader.result();
    this.#responseId = tap.responseId;
    this.#servedModel = tap.servedModel;
    const ended = this.#bytes > 0 && isCleanEnd(failure) ? 'eof' : how;
    const { outcome, ending } = endingOf(ended, this.#answerHead(), tap, failure, exchange.clientGone);
    const bindings = this.#giveBack(outcome, tap);
    this.#note(outcome);
    if (how === 'terminal' && this.#messages === 1) this.#answer = this.place.answerTo(this, outcome);
    const unheard = this.#bytes === 0 || this.#answer.kind === 'own';
    this.finisher.finish(
      exchange,
      wholeEnding(this.#heard(ending), {
        resourceId: lease.resource.id,
        upstreamRequestId: this.place.head.requestId,
        responseBytes: unheard ? 0 : this.#bytes,
        tap,
        bindings,
      }),
      this.deps.config.capture.maxBytes === 0 || unheard ? null : capturedBody(tap),
    );
    reader.release();
    exchange.body = null;
    exchange.aliased = null;
  }

  #giveBack(outcome: AttemptOutcome, tap: TapResult): ReturnType<Lease['release']> {
    const { lease } = this;
    if (this.#error !== null) lease.answered(this.#error.rateLimit);
    const learned = outcome.kind === 'served' || tap.responseId !== null;
    return lease.release(outcome, learned ? learnedFrom(tap, this.place.head.organization) : undefined);
  }

  /** The ending as the client has heard of it. */
  #heard(ending: EndingCore): EndingCore {
    if (this.#bytes === 0) return { ...ending, statusCode: null };
    return this.#answer.kind === 'own' && !this.exchange.clientGone ? toldEnding(this.#answer.error) : ending;
  }

  /** As the head of an HTTP answer would have been. */
  #answerHead(): AnswerHead {
    const { status = null, retryAfter = null, retryAfterMs = null, rateLimit = null } = this.#error ?? {};
    return {
      ...this.place.head,
      status: status ?? 200,
      rateLimit,
      retryAfterMs: parseRetryAfter({ retryAfter, retryAfterMs }, this.deps.clock.now()),
    };
  }

  #note(outcome: AttemptOutcome): void {
    const { exchange, lease, deps } = this;
    const retryReason = reasonAtEnd(outcome);
    exchange.attempts.push({
      n: exchange.attempts.length + 1,
      resourceId: lease.resource.id,
      class: attemptClass(outcome),
      status: this.#bytes === 0 ? null : (this.#error?.status ?? 200),
      error: 'message' in outcome && outcome.message !== null ? outcome.message.slice(0, 300) : null,
      startedAt: this.#startedAt,
      durationMs: Math.max(0, Math.round(deps.clock.monotonic() - this.#startedMono)),
      bytesSent: exchange.body?.length ?? 0,
      bytesReceived: this.#bytes,
      retryReason: retryReason === 'committed' ? 'on_connection' : retryReason,
    });
  }
}

/** A close in due form ends a stream that has begun as the end of a body would over HTTP. */
function isCleanEnd(failure: AttemptOutcome | null): boolean {
  return failure?.kind === 'lost' && failure.cause === 'eof';
}

function capturedBody({ captured: { size, truncated, chunks } }: TapResult): CapturedBody {
  return { meta: { contentType: EVENT_STREAM, contentEncoding: null, size, truncated }, chunks };
}

function learnedFrom(tap: TapResult, organization: string | null): ServedFacts {
  const { responseId, conversationId, sealedDigests, itemIds, listedIds, usage } = tap;
  const hasUsage = usage !== null;
  const cachedTokens = leftWarm(usage);
  return {
    responseId,
    conversationId,
    organization,
    sealedDigests,
    itemIds,
    listedIds,
    hasUsage,
    cachedTokens,
    isUncached: isUncached(usage),
  };
}

function withoutLineFeeds(data: Buffer): Buffer {
  return Buffer.from(data.map((byte) => (byte === LINE_FEED ? SPACE : byte)));
}
