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
/** An arrival looks at so many of those before it, and queues behind them when there are more: its cost must not grow with the queue. */
const LOOKS_PER_ARRIVAL = 8;

/** What is asked of the balancer, again and again. */
export interface PlaceRequest {
  readonly hints: RoutingHints;
  /** Resource ids. */
  readonly tried: readonly string[];
  readonly attempt: number;
  /** Those it can take; everybody's when left out. */
  readonly places?: Places;
}

interface Waiter extends Seat, PlaceRequest {
  readonly exchange: Exchange;
  /** `steadyNow`. */
  readonly since: number;
  readonly until: number;
  /** When somebody may be free, as far as is known. */
  freeAt: number;
  /** Null = it queued behind others without having been asked about. */
  readonly refusal: RoutingRefusal | null;
  readonly resolve: (lease: Lease) => void;
  readonly reject: (error: unknown) => void;
}

export type Places = Pick<Balancer, 'acquire' | 'outlook' | 'explain'>;

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
    private readonly everybody: Places & Pick<Balancer, 'onChange'>,
    private readonly limits: WaitConfig,
    private readonly clock: Clock,
  ) {}

  get waiting(): number {
    return this.#queue.size;
  }

  /** A lease at once where there is one. Throws, or rejects with, what `Balancer.acquire` throws, in the end. */
  acquire(exchange: Exchange, request: PlaceRequest): Lease | Promise<Lease> {
    const { hints, tried, attempt, places = this.everybody } = request;
    const now = steadyNow(this.clock);
    const behind = this.#letEarlierGoFirst(hints.poolId, now);
    const until = now + this.limits.budgetMs - exchange.waitedMs;
    const patience = { waitedMs: exchange.waitedMs, until };
    if (behind) return this.#queueUnasked(exchange, request, now, until);
    if (until <= now || !this.#hasRoomFor(hints))
      return places.acquire(hints, tried, attempt, { ...patience, until: -Infinity });
    try {
      return places.acquire(hints, tried, attempt, patience);
    } catch (error: unknown) {
      if (error instanceof RoutingRefusal && error.endsBy(until))
        return this.#wait(exchange, request, error, now, until);
      throw error;
    }
  }

  /** Many wait for a place and it is not known yet whether one is free: whoever comes now is not ahead of them. */
  #queueUnasked(
    exchange: Exchange,
    request: PlaceRequest,
    now: number,
    until: number,
  ): Lease | Promise<Lease> {
    if (until > now && this.#hasRoomFor(request.hints))
      return this.#wait(exchange, request, null, now, until);
    throw this.#crowded();
  }

  #hasRoomFor(seat: Seat): boolean {
    return this.#queue.size < this.limits.maxWaiting || this.#queue.givesWay(seat) !== null;
  }

  /** A full room is shared evenly: whoever has most of it makes place for those who have less. */
  #makeRoomFor(seat: Seat): void {
    if (this.#queue.size < this.limits.maxWaiting) return;
    const leaves = this.#queue.givesWay(seat);
    if (leaves === null) return;
    this.#note(leaves);
    this.#end(leaves, this.#crowded());
  }

  #crowded(): ProxyError {
    return new ProxyError(
      'overloaded',
      `${this.#queue.size} requests wait for a free key already (PROXY_WAIT_MAX_REQUESTS, PROXY_WAIT_BUDGET_SECONDS); try again in a moment.`,
      { retryAfterSeconds: 1 },
    );
  }

  /** What kept it waiting, for the record of a wait that ends without a decision. */
  #note({ exchange, refusal, hints, places = this.everybody }: Waiter): void {
    exchange.decisions.push(refusal?.decision ?? places.explain(hints));
  }

  #wait(
    exchange: Exchange,
    request: PlaceRequest,
    refusal: RoutingRefusal | null,
    since: number,
    until: number,
  ): Promise<Lease> {
    this.#makeRoomFor(request.hints);
    return new Promise((resolve, reject) => {
      const { callerId, sessionId } = request.hints;
      const freeAt = refusal === null ? since : (refusal.freeAt ?? until);
      const waiter = { ...request, exchange, callerId, sessionId, since, until, freeAt, refusal };
      const entry: Waiter = { ...waiter, resolve, reject };
      exchange.onClientGone = (): void => {
        this.#note(entry);
        this.#end(entry, new ClientGone('the client closed the connection while its request waited'));
      };
      exchange.onStop = (why): void => this.#end(entry, why);
      this.#queue.add(entry);
      this.#unsubscribe ??= this.everybody.onChange(() => this.#onChange());
      this.#wakeBy(Math.min(freeAt > since ? freeAt : until, until));
    });
  }

  #onChange(): void {
    this.#changed = true;
    this.#wakeBy(steadyNow(this.clock) + LOOK_EVERY_MS);
  }

  /**
   * Nobody who comes now takes the place that another of the same pool has waited for. Those who wait for a time are
   * woken by it; of those who wait for a place the first few are looked at. True when there are more of them.
   */
  #letEarlierGoFirst(poolId: string | null, now: number): boolean {
    if (!this.#changed || this.#queue.size === 0) return false;
    let looks = 0;
    for (const waiter of this.#queue.inTurn()) {
      if (waiter.hints.poolId !== poolId || waiter.freeAt > now) continue;
      if (looks === LOOKS_PER_ARRIVAL) return true;
      looks += 1;
      this.#serve(waiter, now);
    }
    return false;
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
    const { hints, tried, attempt, until, places = this.everybody } = waiter;
    const waitedMs = waiter.exchange.waitedMs + Math.max(0, Math.round(now - waiter.since));
    const { ready, freeAt } = places.outlook(hints, tried, attempt, { waitedMs, until });
    if (!ready && now < until && freeAt !== null && freeAt <= until) {
      waiter.freeAt = freeAt;
      return false;
    }
    try {
      const lease = places.acquire(hints, tried, attempt, { waitedMs, until: -Infinity });
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
    exchange.onStop = null;
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
