import type { WebSocket } from 'ws';
import type { Lease } from '../../balancer/lease.js';
import { ProxyError } from '../../common/errors.js';
import { steadyNow } from '../../common/steady-now.js';
import type { Resource } from '../../resources/resource.js';
import { attemptClass } from '../../upstream/classify.js';
import { buildRequestHeaders } from '../../upstream/request-headers.js';
import type { AnswerHead } from '../answer-head.js';
import type { HeldAnswer } from '../attempt.js';
import type { Exchange } from '../exchange.js';
import type { ProxyDependencies } from '../proxy-dependencies.js';
import type { ProxyRoute } from '../route-grammar.js';
import { reasonAtEnd } from '../retry-policy.js';
import { causeOf } from '../stop-reason.js';
import { Tries } from '../tries.js';
import type { WaitingRoom } from '../waiting-room.js';
import { UpstreamHandshake } from './upstream-handshake.js';
import type { HandshakeEnd } from './upstream-handshake.js';

/** An open connection to an upstream, paused, and who it goes to. */
export interface UpstreamLink {
  readonly socket: WebSocket;
  readonly resource: Resource;
  readonly head: AnswerHead;
  /** When it was opened, `steadyNow`: its head speaks of then. */
  readonly at: number;
}

export type LoopEnd =
  | { readonly kind: 'open'; readonly link: UpstreamLink }
  /** The upstream's own refusal, to be passed on. */
  | {
      readonly kind: 'answer';
      readonly lease: Lease;
      readonly answer: HeldAnswer;
      readonly retryAfterSeconds: number | null;
    };

/** Select, shake hands, and again elsewhere while the retry policy allows it. A handshake can be repeated: it asks for nothing. */
export class HandshakeLoop {
  readonly #tries: Tries;
  #last: { lease: Lease; answer: HeldAnswer | null } | null = null;
  /** Somebody speaks HTTP only: where nobody else was asked, clients can have it there. */
  #httpOnly: ProxyError | null = null;

  constructor(
    private readonly deps: ProxyDependencies,
    room: WaitingRoom,
    private readonly exchange: Exchange,
    private readonly route: ProxyRoute,
  ) {
    const rules = { method: 'GET', idempotent: true, generates: true, budget: null };
    this.#tries = new Tries(deps, exchange, room, rules);
  }

  /** Throws what the client should hear when nobody could be connected to. */
  async run(): Promise<LoopEnd> {
    for (;;) {
      const lease = await this.#tries.next();
      if (lease === null) return this.#giveUp();
      const end = await this.#attempt(lease);
      if (end.kind === 'open') {
        const { socket, head } = end;
        const at = steadyNow(this.deps.clock);
        return { kind: 'open', link: { socket, head, at, resource: lease.resource } };
      }
      if (end.unavailable) {
        const error = noWebsocket(lease, end);
        // What it goes on from is there, and can be had over HTTP.
        if (lease.decision.affinityResult === 'hit') throw error;
        this.#httpOnly ??= error;
        this.#tries.passOver(lease, this.deps.balancer.besides(lease.resource));
        continue;
      }
      this.#last = { lease, answer: end.answer };
      if (!this.#tries.mayGoOn(lease, end.outcome)) return this.#giveUp();
    }
  }

  async #attempt(lease: Lease): Promise<HandshakeEnd> {
    const { exchange, deps, route } = this;
    const startedAt = deps.clock.now();
    const startedMono = deps.clock.monotonic();
    let end: HandshakeEnd | null = null;
    try {
      const headers = buildRequestHeaders(exchange.req.rawHeaders, lease.resource, null);
      const handshake = new UpstreamHandshake(deps, lease.resource);
      exchange.onClientGone = (): void => handshake.abort('client_aborted');
      exchange.onStop = (why): void => handshake.abort(causeOf(why));
      end = await handshake.run(route.upstreamPath, headers);
      if (end.kind === 'open') lease.answered(end.head.rateLimit);
    } finally {
      exchange.onClientGone = null;
      exchange.onStop = null;
      // What an open connection is worth shows with its first response: until then nothing is known of the key.
      lease.release(end?.kind === 'failed' ? end.outcome : { kind: 'neutral', cause: 'internal' });
    }
    if (end.kind === 'failed') {
      const { outcome, answer } = end;
      exchange.attempts.push({
        n: exchange.attempts.length + 1,
        resourceId: lease.resource.id,
        class: attemptClass(outcome),
        status: answer?.head.status ?? null,
        error: 'message' in outcome && outcome.message !== null ? outcome.message.slice(0, 300) : null,
        startedAt,
        durationMs: Math.max(0, Math.round(deps.clock.monotonic() - startedMono)),
        bytesSent: 0,
        bytesReceived: answer?.body.length ?? 0,
        retryReason: end.unavailable ? 'no_websocket' : reasonAtEnd(outcome),
      });
    }
    return end;
  }

  #giveUp(): LoopEnd {
    const last = this.#last;
    if (last === null && this.#httpOnly !== null) throw this.#httpOnly;
    const answer = this.#tries.conclude();
    if (answer.kind === 'own') throw answer.error;
    if (last === null || last.answer === null || last.answer.truncated)
      throw new ProxyError(
        'bad_upstream_response',
        'The upstream refused the handshake without a readable reason.',
      );
    const { retryAfterSeconds } = answer;
    return { kind: 'answer', lease: last.lease, answer: last.answer, retryAfterSeconds };
  }
}

function noWebsocket({ resource }: Lease, { answer }: Extract<HandshakeEnd, { kind: 'failed' }>): ProxyError {
  return new ProxyError(
    'upgrade_required',
    `The upstream of ${resource.id} offers no WebSocket (it answered ${answer?.head.status ?? 'nothing'}); use HTTP.`,
  );
}
