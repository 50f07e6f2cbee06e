import type { Clock } from '../../common/clock.js';
import type { ClientKey } from '../../registry/client-key.entity.js';
import type { KeyDay } from '../../usage/key-usage.read-model.js';
import type { TokenUsage } from '../../usage/token-usage.js';
import { utcDay, utcMonth } from '../../usage/utc-day.js';
import type { PriceList } from '../price-list.js';
import { KeyMeter, sumSince } from './key-meter.js';
import { type Amount, type Exceeded, type KeyUse, limitExceeded } from './limit-decision.js';
import { limitRefusal } from './limit-refusal.js';
import type { LimitedRequest } from './limited-request.js';
import { coveringAnswer } from './usage-estimate.js';

/** Requests and tokens of the last minute. */
export type MinuteUse = readonly [requests: number, tokens: number];

/** What a request took, as far as its answer says. */
export interface Spent {
  readonly usage: TokenUsage | null;
  readonly cost: number | null;
  /** The model has run and the answer does not say what it took: in place of it counts what was set aside. */
  readonly untold: boolean;
  /** Of its answer, as far as it came: where it is untold there was at least as much of it. */
  readonly answerBytes: number;
  /** The request said which model it wants. */
  readonly named: boolean;
  /** The model that the answer names. */
  readonly servedModel: string | null;
  /** The background response whose answer does not say it yet, or that is read and says it, or has failed. */
  readonly backgroundId: string | null;
}

interface KeySources {
  /** The terms as they are now; a stream was admitted under older ones. */
  readonly termsOf: (id: string) => ClientKey | null;
  /** What other processes say of their last minute. */
  readonly minuteElsewhere: (id: string) => MinuteUse;
  /** A background response that another process may have made has told here what it took, or that it failed. */
  readonly onTold: (keyId: string, responseId: string) => void;
}

/**
 * What client keys have used, and whether they may use more. Synchronous and from memory: budgets are what this process
 * has served since its start and what SQL says of all other processes, which `follow` brings every few seconds.
 */
export class KeyLimits {
  readonly #meters = new Map<string, KeyMeter>();
  #elsewhere: ReadonlyMap<string, ReadonlyMap<number, Amount>> = new Map();

  constructor(
    private readonly clock: Clock,
    private readonly prices: Pick<PriceList, 'costOf'>,
    private readonly sources: KeySources,
  ) {}

  /** Takes a place, and sets aside what the request may need; to be given back to `settle`. Throws `key_rate_limited`, `budget_exceeded`. */
  reserve(request: LimitedRequest): Amount | null {
    this.#check(request, null);
    return this.take(request);
  }

  /**
   * The same for what may yet come to nothing. `before`: what is set aside for the response it would take over from, and
   * is enough for it, too; with null it gets a place of its own, and what that takes is to go to `giveBack` or `settle`.
   */
  ask(request: LimitedRequest, before: Amount | null): Amount | null {
    const { key } = request;
    if (key === null) return null;
    if (before === null) return this.reserve(request);
    const { held, requests } = this.#meterOf(key.id);
    this.#check(request, { tokens: held.tokens - before.tokens, cost: held.cost - before.cost });
    requests.add(1, this.clock.monotonic());
    return null;
  }

  /** The same for what runs already and cannot be refused any more. `asked`: it was counted as a request before. */
  take({ key, spends, model, inputTokens }: LimitedRequest, asked = false): Amount | null {
    if (key === null) return null;
    const now = this.clock.now();
    const meter = this.#meterOf(key.id);
    meter.lastUsedAt = now;
    if (!asked) meter.requests.add(1, this.clock.monotonic());
    if (!spends) return null;
    const usage = meter.estimate.of(inputTokens);
    // A price nobody knows counts as nothing here as in the sums.
    const cost =
      model === null
        ? meter.estimate.unnamedCost(usage.totalTokens)
        : (this.prices.costOf({ asked: model, served: null, resourceId: null, usage }, now) ?? 0);
    const hold = { tokens: usage.totalTokens, cost };
    meter.hold(hold);
    return hold;
  }

  /**
   * At the end of a request, once: what it really took. `startedAt` is epoch ms. Answers what counts in place of what nobody
   * told, to be written down for the other processes; null where somebody tells it later.
   */
  settle(key: ClientKey | null, hold: Amount | null, spent: Spent, startedAt: number): Amount | null {
    if (key === null) return null;
    const { usage, cost, untold, answerBytes, named, backgroundId } = spent;
    const [meter, mono] = [this.#meterOf(key.id), this.clock.monotonic()];
    if (hold !== null) meter.release(hold);
    if (backgroundId !== null && !untold) this.#told(key.id, backgroundId);
    if (usage !== null) {
      const tokens = meter.spend(usage, cost, startedAt, mono);
      if (hold !== null && !named) meter.estimate.learnPrice(tokens, cost);
    }
    if (usage !== null || !untold || hold === null) return null;
    const charge = this.#priced(coveringAnswer(hold, answerBytes), meter, spent);
    meter.charge(charge, startedAt, mono, backgroundId);
    return backgroundId === null ? charge : null;
  }

  /** Where no price was known, or no model named, the answer may tell which model it was. */
  #priced(amount: Amount, { estimate }: KeyMeter, { named, servedModel }: Spent): Amount {
    if (named && (amount.cost > 0 || servedModel === null)) return amount;
    if (servedModel === null) return { ...amount, cost: estimate.unnamedCharge(amount.tokens) };
    const likely = estimate.of(0);
    const outputTokens = Math.min(amount.tokens, likely.outputTokens ?? 0);
    const inputTokens = amount.tokens - outputTokens;
    const usage = { ...likely, inputTokens, outputTokens, totalTokens: amount.tokens };
    const request = { asked: null, served: servedModel, resourceId: null, usage };
    return { ...amount, cost: this.prices.costOf(request, this.clock.now()) ?? 0 };
  }

  #told(keyId: string, responseId: string): void {
    if (!this.#meterOf(keyId).refund(responseId)) this.sources.onTold(keyId, responseId);
  }

  /** Another process has heard what a background response of this one took: that counts in place of what was charged here. */
  refund(keyId: string, responseId: string): void {
    this.#meters.get(keyId)?.refund(responseId);
  }

  /** What was set aside for something that came to nothing. */
  giveBack(key: ClientKey | null, hold: Amount): void {
    if (key !== null) this.#meterOf(key.id).release(hold);
  }

  /** What all other processes have written down of this month. */
  follow(days: readonly KeyDay[]): void {
    const keys = new Map<string, Map<number, Amount>>();
    for (const { caller_id, day, tokens, cost } of days) {
      const known = keys.get(caller_id) ?? new Map<number, Amount>();
      keys.set(caller_id, known.set(day, { tokens, cost }));
    }
    this.#elsewhere = keys;
  }

  /** Of the keys with a limit a minute that were used within one, for the other processes. */
  minutes(): Record<string, MinuteUse> {
    const mono = this.clock.monotonic();
    const told: Record<string, MinuteUse> = {};
    for (const [id, meter] of this.#meters) {
      const terms = this.sources.termsOf(id);
      if (terms === null || (terms.requestsPerMinute === null && terms.tokensPerMinute === null)) continue;
      const [requests, tokens] = [meter.requests.sum(mono), meter.tokens.sum(mono) + meter.held.tokens];
      if (requests > 0 || tokens > 0) told[id] = [requests, tokens];
    }
    return told;
  }

  /** Keys used since `since`, with the time of it; epoch ms. */
  usedSince(since: number): [id: string, at: number][] {
    const used: [string, number][] = [];
    for (const [id, { lastUsedAt }] of this.#meters) if (lastUsedAt > since) used.push([id, lastUsedAt]);
    return used;
  }

  /** `held`: in place of what is set aside for those that run; null = that. */
  #check({ key, spends }: LimitedRequest, held: Amount | null): void {
    if (key === null) return;
    const terms = this.sources.termsOf(key.id) ?? key;
    const [now, mono] = [this.clock.now(), this.clock.monotonic()];
    const meter = this.#meterOf(key.id);
    meter.lastUsedAt = now;
    const use = this.#useOf(terms, meter, now, mono);
    const over = limitExceeded(terms, held === null ? use : { ...use, held }, spends);
    if (over !== null) throw limitRefusal(over, waitMs(meter, over, mono), now);
  }

  #useOf(terms: ClientKey, meter: KeyMeter, now: number, mono: number): KeyUse {
    const perMinute = terms.requestsPerMinute !== null || terms.tokensPerMinute !== null;
    const [requests, tokens] = perMinute ? this.sources.minuteElsewhere(terms.id) : [0, 0];
    const days = this.#elsewhere.get(terms.id) ?? new Map<number, Amount>();
    const since = (time: number): Amount => plus(meter.since(time), sumSince(days, time));
    return {
      minute: { requests: meter.requests.sum(mono) + requests, tokens: meter.tokens.sum(mono) + tokens },
      held: meter.held,
      day: since(utcDay(now)),
      month: since(utcMonth(now)),
    };
  }

  #meterOf(id: string): KeyMeter {
    let meter = this.#meters.get(id);
    if (meter === undefined) this.#meters.set(id, (meter = new KeyMeter()));
    return meter;
  }
}

/** Others' requests leave their windows when they do: without any of our own to wait for, a second is a fair guess. */
function waitMs(meter: KeyMeter, { of, limit }: Exceeded, mono: number): number {
  const window = of === 'requests' ? meter.requests : meter.tokens;
  return window.msUntilBelow(limit, mono);
}

function plus(a: Amount, b: Amount): Amount {
  return { tokens: a.tokens + b.tokens, cost: a.cost + b.cost };
}
