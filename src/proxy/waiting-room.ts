import type { Balancer } from '../balancer/balancer.service.js';
import type { Lease } from '../balancer/lease.js';
import type { RoutingHints } from '../balancer/routing-hints.js';
import { RoutingRefusal } from '../balancer/routing-refusal.js';
import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { steadyNow } from '../common/steady-now.js';
import type { WaitConfig } from '../config/app-config.js';
import type { Exchange } from './exchange.js';
import { FairQueue, type Seat } from './fair-queue.js';
import { ClientGone } from './request-body.js';

/** Something changes at every request of anybody; looking at all who wait at each of them would cost more than it gives. */
const LOOK_EVERY_MS = 10;

/** What is asked of the balancer, again and again. */
export interface PlaceRequest {
  readonly hints: RoutingHints;
  /** Resource ids. */
  readonly tried: readonly string[];
  readonly attempt: number;
}

interface Waiter extends Seat, PlaceRequest {
  readonly exchange: Exchange;
  /** `steadyNow`. */
  readonly since: number;
  readonly until: number;
  /** When somebody may be free, as far as is known. */
  freeAt: number;
  readonly refusal: RoutingRefusal;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: unknown) => void;
}

type Places = Pick<Balancer, 'acquire' | 'outlook' | 'onChange'>;

/**
 * Requests that nobody can take now and somebody can in a moment wait here instead of being refused: before anything is
 * sent for the attempt, for a bounded time, in a bounded number. Whoever came first goes first, fairly between callers
 * and their sessions.
 */
export class WaitingRoom {
  readonly #queue = new FairQueue<Waiter>();
  #timer: NodeJS.Timeout | null = null;
  #timerAt = Infinity;
  #unsubscribe: (() => void) | null = null;
  #changed = false;

  constructor(
    private readonly places: Places,
    private readonly limits: WaitConfig,
    private readonly clock: Clock,
  ) {}

  get waiting(): number {
    return this.#queue.size;
  }

  /** A lease at once where there is one. Throws, or rejects with, what `Balancer.acquire` throws, in the end. */
  acquire(exchange: Exchange, request: PlaceRequest): Lease | Promise<Lease> {
    const { hints, tried, attempt } = request;
    this.#letEarlierGoFirst(hints.poolId);
    const now = steadyNow(this.clock);
    const until = now + this.limits.budgetMs - exchange.waitedMs;
    const patience = { waitedMs: exchange.waitedMs, until };
    const full = until <= now || this.#queue.size >= this.limits.maxWaiting;
    if (full) return this.places.acquire(hints, tried, attempt, { ...patience, until: -Infinity });
    try {
      return this.places.acquire(hints, tried, attempt, patience);
    } catch (error: unknown) {
      if (error instanceof RoutingRefusal && error.endsBy(until))
        return this.#wait(exchange, request, error, now, until);
      throw error;
    }
  }

  #wait(
    exchange: Exchange,
    request: PlaceRequest,
    refusal: RoutingRefusal,
    since: number,
    until: number,
  ): Promise<Lease> {
    return new Promise((resolve, reject) => {
      const { callerId, sessionId } = request.hints;
      const freeAt = refusal.freeAt ?? until;
      const waiter = { ...request, exchange, callerId, sessionId, since, until, freeAt, refusal };
      const entry: Waiter = { ...waiter, resolve, reject };
      exchange.onClientGone = (): void => {
        exchange.decisions.push(refusal.decision);
        this.#end(entry, new ClientGone('the client closed the connection while its request waited'));
      };
      exchange.onShutdown = (): void =>
        this.#end(entry, new ProxyError('server_shutdown', 'The proxy is stopping; send the request again.'));
      this.#queue.add(entry);
      this.#unsubscribe ??= this.places.onChange(() => this.#onChange());
      this.#wakeBy(Math.min(freeAt > since ? freeAt : until, until));
    });
  }

  #onChange(): void {
    this.#changed = true;
    this.#wakeBy(steadyNow(this.clock) + LOOK_EVERY_MS);
  }

  /** Nobody who comes now takes the place that another of the same pool has waited for. */
  #letEarlierGoFirst(poolId: string | null): void {
    if (!this.#changed || this.#queue.size === 0) return;
    if (this.#queue.inTurn().some((waiter) => waiter.hints.poolId === poolId)) this.#look();
  }

  #look(): void {
    this.#changed = false;
    const now = steadyNow(this.clock);
    let next = Infinity;
    for (const waiter of this.#queue.inTurn()) {
      if (this.#serve(waiter, now)) continue;
      next = Math.min(next, waiter.freeAt > now ? waiter.freeAt : waiter.until, waiter.until);
    }
    this.#clearTimer();
    if (this.#queue.size > 0) this.#wakeBy(this.#changed ? Math.min(next, now + LOOK_EVERY_MS) : next);
    else this.#leaveNobody();
  }

  /** True when it waits no longer. */
  #serve(waiter: Waiter, now: number): boolean {
    const { hints, tried, attempt, until } = waiter;
    const { ready, freeAt } = this.places.outlook(hints, tried, attempt);
    if (!ready && now < until && freeAt !== null && freeAt <= until) {
      waiter.freeAt = freeAt;
      return false;
    }
    const waitedMs = waiter.exchange.waitedMs + Math.max(0, Math.round(now - waiter.since));
    try {
      const lease = this.places.acquire(hints, tried, attempt, { waitedMs, until: -Infinity });
      this.#queue.served(waiter);
      this.#settle(waiter, now);
      waiter.resolve(lease);
    } catch (error: unknown) {
      this.#end(waiter, error);
    }
    return true;
  }

  #end(waiter: Waiter, error: unknown): void {
    if (!this.#queue.remove(waiter)) return;
    this.#settle(waiter, steadyNow(this.clock));
    waiter.reject(error);
    if (this.#queue.size === 0) this.#leaveNobody();
  }

  #settle({ exchange, since }: Waiter, now: number): void {
    exchange.waitedMs += Math.max(0, Math.round(now - since));
    exchange.onClientGone = null;
    exchange.onShutdown = null;
  }

  /** `at` is `steadyNow`. Timers may fire a little early, and then there would be nothing to see yet. */
  #wakeBy(at: number): void {
    if (at >= this.#timerAt) return;
    this.#clearTimer();
    this.#timerAt = at;
    this.#timer = setTimeout(() => this.#look(), Math.max(0, Math.ceil(at - steadyNow(this.clock))) + 1);
  }

  #clearTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    this.#timerAt = Infinity;
  }

  #leaveNobody(): void {
    this.#clearTimer();
    this.#unsubscribe?.();
    this.#unsubscribe = null;
    this.#changed = false;
  }
}
