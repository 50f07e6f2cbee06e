import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import type { RoutingHints } from '../balancer/routing-hints.js';
import type { ProxyCaller } from '../registry/proxy-door.service.js';
import type { DecisionRecord } from '../state/live-state.js';
import type { AttemptRecord } from '../usage/records.js';
import type { Amount } from './limits/limit-decision.js';
import type { AliasedBody } from './model-rewrite.js';
import type { ProxyRoute } from './route-grammar.js';
import type { StopReason } from './stop-reason.js';

/** Caller id of an exchange whose access has not been checked, or was refused. */
export const NOBODY = 'unknown';
export const NO_CALLER: ProxyCaller = { callerId: NOBODY, key: null };

/**
 * One request of one client from its head to its end: who, when, what was tried. Plain state; what is done with it
 * lives with the handler, the attempts and the finisher.
 */
export class Exchange {
  readonly id: string;
  /** Epoch ms. */
  readonly startedAt: number;
  readonly #startedMono: number;
  /** Set when the door has let it in. */
  caller = NO_CALLER;
  /** `websocket`: the handshake, or one response of a connection. */
  transport: 'http' | 'websocket' = 'http';
  /** As the record names it; null = the request's own. */
  method: string | null = null;
  route: ProxyRoute | null = null;
  hints: RoutingHints | null = null;
  body: Buffer | null = null;
  /** Set when the body names an alias: what goes upstream is not quite the body. */
  aliased: AliasedBody | null = null;
  /** Bytes of the body counted against the budget; given back when the exchange is over. */
  bodyBytes = 0;
  /** Set aside of the limits of the caller's key; given back when the exchange is over. */
  hold: Amount | null = null;
  /** Says to the retry budget that the exchange is over. */
  leaveBudget: () => void = () => undefined;
  /** Of a message that names its trace itself; otherwise the headers do. */
  traceparent: string | null = null;
  /** Milliseconds spent waiting for a place, all attempts together. */
  waitedMs = 0;
  firstByteMs: number | null = null;
  readonly attempts: AttemptRecord[] = [];
  /** Every decision, in order. */
  readonly decisions: DecisionRecord[] = [];
  /** How many of them were refusals of other models, before the one that `started` tells. */
  refusedBefore = 0;
  /** `started` is on disk. */
  recorded = false;
  /** `finished` is on disk. Nothing changes after that. */
  finished = false;
  clientGone = false;
  /** Set while an attempt runs: what to do when the client goes. */
  onClientGone: (() => void) | null = null;
  /** Set while an attempt runs: what to do when it must not go on. */
  onStop: ((why: StopReason) => void) | null = null;

  constructor(
    readonly req: IncomingMessage,
    readonly res: ServerResponse,
    private readonly clock: Clock,
    id: string | null = null,
  ) {
    this.startedAt = clock.now();
    this.#startedMono = clock.monotonic();
    this.id = id ?? newId('req', this.startedAt);
  }

  get callerId(): string {
    return this.caller.callerId;
  }

  /** Milliseconds since the head was read. */
  elapsed(): number {
    return Math.max(0, Math.round(this.clock.monotonic() - this.#startedMono));
  }

  /** Ends it now, whatever it has come to. */
  stop(why: StopReason): void {
    this.onStop?.(why);
  }

  clientClosed(): void {
    if (this.clientGone) return;
    this.clientGone = true;
    this.onClientGone?.();
  }
}
