import { isUncached, leftWarm } from '../balancer/warm-cache.js';
import type { ServedFacts } from '../balancer/lease.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { UsageTap } from '../usage/usage-tap.js';
import type { TapResult } from '../usage/usage-tap.js';
import type { AnswerHead } from './answer-head.js';
import { answerHeaders } from './answer-headers.js';
import type { Attempt } from './attempt.js';
import { endingOf, wholeEnding } from './ending.js';
import type { CommittedEnd } from './ending.js';
import { Relay } from './relay.js';
import { causeOf, stopEvent, type StopReason } from './stop-reason.js';

/**
 * An answer that has begun to reach the client: from here nothing is retried and nothing of ours is added. Sees to it
 * that the record is on disk before the bytes that let the client believe the answer is complete.
 */
export class CommittedAnswer {
  readonly #tap: UsageTap;
  readonly #relay: Relay;

  constructor(
    private readonly attempt: Attempt,
    private readonly head: AnswerHead,
  ) {
    const { deps, exchange } = attempt;
    this.#tap = new UsageTap({
      contentType: head.contentType,
      contentEncoding: head.contentEncoding,
      contentLength: head.contentLength,
      maxCaptureBytes: deps.config.capture.maxBytes,
      room: deps.captureRoom,
    });
    this.#relay = new Relay(exchange.res, this.#tap, deps.config.server.clientStallTimeoutMs, {
      onTerminal: () => this.#record('terminal'),
      onStall: () => this.#stalled(),
      onDrain: () => attempt.resume(),
    });
  }

  begin(): void {
    const { deps, exchange, lease } = this.attempt;
    this.#relay.head(this.head.status, answerHeaders(deps, exchange, lease, this.head));
    if (exchange.clientGone) this.#relay.detach();
  }

  write(chunk: Buffer): boolean {
    return this.#relay.write(chunk);
  }

  end(): void {
    this.#tap.end();
    const outcome = this.#record('eof');
    this.#relay.end();
    this.attempt.settle(outcome);
  }

  /** The upstream broke off. The client's connection ends as visibly as the upstream's did. */
  cut(failure: AttemptOutcome): void {
    this.#tap.end();
    const complete = this.attempt.exchange.finished;
    const outcome = this.#record('cut', failure);
    if (complete && this.#tap.atEventBoundary) this.#relay.end();
    else this.#relay.cut(null);
    this.attempt.settle(outcome);
  }

  clientGone(): void {
    if (this.attempt.outlivesClient) return this.#relay.detach();
    this.attempt.abort();
    this.#tap.end();
    const outcome = this.#record('client_gone');
    this.#relay.detach();
    this.attempt.settle(outcome);
  }

  stop(why: StopReason): void {
    this.attempt.abort();
    this.#tap.end();
    // The client has had its terminal event: nothing is missing but the end of the stream.
    const complete = this.attempt.exchange.finished;
    const outcome = this.#record(causeOf(why));
    if (complete) this.#relay.end();
    else this.#relay.cut(this.#tap.result().isSse ? stopEvent(why) : null);
    this.attempt.settle(outcome);
  }

  #stalled(): void {
    this.attempt.abort();
    this.#tap.end();
    const outcome = this.#record('stalled');
    this.attempt.exchange.res.destroy();
    this.attempt.settle(outcome);
  }

  /** Gives the lease back and writes the record, the first time; afterwards only answers the outcome. */
  #record(how: CommittedEnd, failure: AttemptOutcome | null = null): AttemptOutcome {
    const { exchange, lease, finisher } = this.attempt;
    const tap = this.#tap.result();
    const { outcome, ending } = endingOf(how, this.head, tap, failure, exchange.clientGone);
    if (exchange.finished) return outcome;
    const served = outcome.kind === 'served' || tap.responseId !== null ? this.#learned(tap) : undefined;
    const bindings = lease.release(outcome, served);
    this.attempt.note(outcome);
    finisher.finish(
      exchange,
      wholeEnding(ending, {
        resourceId: lease.resource.id,
        upstreamRequestId: this.head.requestId,
        responseBytes: this.attempt.bytesReceived,
        tap,
        bindings,
      }),
      this.#captured(tap),
    );
    this.#tap.release();
    return outcome;
  }

  #learned(tap: TapResult): ServedFacts {
    return {
      responseId: tap.responseId,
      conversationId: tap.conversationId,
      organization: this.head.organization,
      sealedDigests: tap.sealedDigests,
      itemIds: tap.itemIds,
      listedIds: tap.listedIds,
      hasUsage: tap.usage !== null,
      cachedTokens: leftWarm(tap.usage),
      isUncached: isUncached(tap.usage),
    };
  }

  #captured(tap: TapResult): { meta: CapturedMeta; chunks: readonly Buffer[] } | null {
    if (this.attempt.deps.config.capture.maxBytes === 0) return null;
    return {
      meta: {
        contentType: this.head.contentType,
        contentEncoding: this.head.contentEncoding,
        size: tap.captured.size,
        truncated: tap.captured.truncated,
      },
      chunks: tap.captured.chunks,
    };
  }
}

interface CapturedMeta {
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly size: number;
  readonly truncated: boolean;
}
