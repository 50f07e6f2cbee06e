import type { Clock } from '../../common/clock.js';
import type { ClientKey } from '../../registry/client-key.entity.js';
import type { KeySpent } from '../../state/peers.js';
import type { KeyDay } from '../../usage/key-usage.read-model.js';
import type { TokenUsage } from '../../usage/token-usage.js';
import { utcDay, utcMonth } from '../../usage/utc-day.js';
import type { PriceList } from '../price-list.js';
import { KeyMeter, tokensOf } from './key-meter.js';
import {
  type Amount,
  type Exceeded,
  hasBudget,
  hasMoneyBudget,
  type KeyUse,
  limitExceeded,
  withHeld,
} from './limit-decision.js';
import { limitRefusal, priceRefusal } from './limit-refusal.js';
import type { LimitedRequest } from './limited-request.js';
import { coveringAnswer, ONE_TOKEN_EACH } from './usage-estimate.js';
import {
  keySpent,
  NOTHING_WRITTEN,
  plus,
  type ToldSpent,
  usedElsewhere,
  type WrittenUse,
  writtenUse,
} from './used-elsewhere.js';

/**
 * How long others are told of a key that is not used any more: by then its records are in SQL, unless that is away. What is
 * charged for background responses that nobody has read is in no record: of that they are told as long as it counts.
 */
const TOLD_MS = 600_000;
/** Keys told of in one beat, those used last. */
const MAX_TOLD = 256;

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
  /** The model that the request named, or that of its fallbacks which it was sent as; of one that reads, what was asked for. */
  readonly asked: string | null;
  /** The model that the answer names. */
  readonly servedModel: string | null;
  readonly resourceId: string | null;
  /** `service_tier` of the answer. */
  readonly tier: string | null;
  /** The background response whose answer does not say it yet, or that is read and says it, or has failed. */
  readonly backgroundId: string | null;
}

interface KeySources {
  /** The terms as they are now; a stream was admitted under older ones. */
  readonly termsOf: (id: string) => ClientKey | null;
  /** What other processes say of their last minute. */
  readonly minuteElsewhere: (id: string) => MinuteUse;
  /** What each of them says of its day and month. */
  readonly spentElsewhere: (id: string) => readonly ToldSpent[];
  /** Those that let requests in and tell each other of them, with this one. */
  readonly processes: () => number;
  /** A background response that another process may have made has told here what it took, or that it failed. */
  readonly onTold: (keyId: string, responseId: string) => void;
}

/**
 * What client keys have used, and whether they may use more. Synchronous and from memory: budgets are what this process
 * has served since its start, what SQL says of all other processes, which `follow` brings every few seconds, and what
 * those that share a Redis say themselves, several times a second.
 */
export class KeyLimits {
  readonly #meters = new Map<string, KeyMeter>();
  #elsewhere: WrittenUse = NOTHING_WRITTEN;

  constructor(
    private readonly clock: Clock,
    private readonly prices: Pick<PriceList, 'atLeast' | 'likelyCostOf' | 'mostOf'>,
    private readonly sources: KeySources,
  ) {}

  /** Takes a place, and sets aside what the request may need; to be given back to `settle`. Throws `key_rate_limited`, `budget_exceeded`, `price_unknown`. */
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
    // Without a budget of money nobody asks what a model costs: of a name not heard before that takes long.
    const priced = model === null || this.#countsMoney(key);
    const named = model === null || !priced ? null : this.prices.mostOf(model, usage, now);
    const cost = priced ? (named ?? meter.estimate.unnamedCost(usage.totalTokens)) : 0;
    const hold = { tokens: usage.totalTokens, cost };
    meter.hold(hold);
    return hold;
  }

  /**
   * At the end of a request, once: what it really took. `startedAt` is epoch ms. Answers what counts beside what the record
   * tells, in place of what nobody did, to be written down for the other processes; null where somebody tells it later.
   */
  settle(key: ClientKey | null, hold: Amount | null, spent: Spent, startedAt: number): Amount | null {
    if (key === null) return null;
    const { usage, untold, backgroundId } = spent;
    const [meter, mono] = [this.#meterOf(key.id), this.clock.monotonic()];
    meter.changedAt = mono;
    if (hold !== null) meter.release(hold);
    const charged = backgroundId === null || untold ? null : this.#told(key.id, backgroundId);
    if (usage !== null) {
      if (hold !== null) learnPrice(meter, usage, spent);
      const extra = this.#unpriced(key, hold ?? charged, meter, { ...spent, usage });
      meter.spend(usage, spent.cost, startedAt, mono);
      return extra === null ? null : meter.charge(extra, startedAt, mono, null);
    }
    if (!untold || hold === null) return null;
    const charge = meter.charge(this.#untold(key, hold, meter, spent), startedAt, mono, backgroundId);
    return backgroundId === null ? charge : null;
  }

  /**
   * Of an answer that told its tokens and has no known price: they count as the list price of its model says, where only the
   * tier is not known, else at the price of what was set aside.
   */
  #unpriced(
    key: ClientKey,
    held: Amount | null,
    { estimate }: KeyMeter,
    spent: Spent & { readonly usage: TokenUsage },
  ): Amount | null {
    const { usage, cost } = spent;
    const tokens = tokensOf(usage);
    if (cost !== null || !this.#countsMoney(key)) return null;
    const least = this.#atLeast(spent, usage);
    if (least !== null) return { tokens: 0, cost: least };
    if (held === null) return { tokens: 0, cost: estimate.unnamedCost(tokens) };
    return { tokens: 0, cost: Math.ceil((held.cost * tokens) / Math.max(1, held.tokens)) };
  }

  /** At the price of what has served it, as far as anybody knows which model that was; otherwise as it was set aside. */
  #untold(key: ClientKey, hold: Amount, { estimate }: KeyMeter, spent: Spent): Amount {
    const { asked, servedModel, answerBytes } = spent;
    const amount = coveringAnswer(hold, answerBytes);
    if (asked === null && servedModel === null && answerBytes === 0)
      return { ...amount, cost: estimate.unnamedCharge(amount.tokens) };
    const cost = this.#atLeast(spent, estimate.spread(hold.tokens, amount.tokens));
    if (cost !== null) return { ...amount, cost };
    return asked !== null || this.#countsMoney(key) ? amount : { ...amount, cost: 0 };
  }

  #atLeast({ asked, servedModel: served, resourceId, tier }: Spent, usage: TokenUsage): number | null {
    return this.prices.atLeast({ asked, served, resourceId, tier, usage }, this.clock.now());
  }

  /** Throws `price_unknown` where a request for `model` would pass by a budget of the key. */
  checkPrice(key: ClientKey | null, model: string | null): void {
    if (key === null || model === null || !this.#countsMoney(key)) return;
    if (this.prices.likelyCostOf(model, ONE_TOKEN_EACH, this.clock.now()) === null)
      throw priceRefusal(key.id, model);
  }

  #countsMoney(key: ClientKey): boolean {
    return hasMoneyBudget(this.sources.termsOf(key.id) ?? key);
  }

  /** Answers what was charged for it here; null = nothing. */
  #told(keyId: string, responseId: string): Amount | null {
    const charged = this.#meterOf(keyId).refund(responseId);
    if (charged === null) this.sources.onTold(keyId, responseId);
    return charged;
  }

  /** Another process has heard what a background response of this one took: that counts in place of what was charged here. */
  refund(keyId: string, responseId: string): void {
    this.#meters.get(keyId)?.refund(responseId);
  }

  /** What was set aside for something that came to nothing. */
  giveBack(key: ClientKey | null, hold: Amount): void {
    if (key !== null) this.#meterOf(key.id).release(hold);
  }

  /** What all other processes have written down of this month: those of `apart` each by itself. */
  follow(days: readonly KeyDay[], apart: readonly string[] = []): void {
    this.#elsewhere = writtenUse(days, apart);
  }

  /**
   * Of the keys with a budget that were used lately, or have background responses unread, for the other processes. `telling`:
   * they are told now, and count as knowing it from here on.
   */
  spent(telling: boolean): Record<string, KeySpent> {
    const [now, mono] = [this.clock.now(), this.clock.monotonic()];
    const lately = [...this.#meters].filter(
      ([id, meter]) =>
        (meter.held.tokens > 0 || mono - meter.changedAt < TOLD_MS || meter.awaitsTold(utcMonth(now))) &&
        hasBudget(this.sources.termsOf(id)),
    );
    if (lately.length > MAX_TOLD)
      lately.sort(([, a], [, b]) => b.lastUsedAt - a.lastUsedAt).length = MAX_TOLD;
    if (telling) for (const [, meter] of lately) meter.tell(now);
    return Object.fromEntries(lately.map(([id, meter]) => [id, keySpent(meter, now)]));
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
  #check({ key, spends, model }: LimitedRequest, held: Amount | null): void {
    if (key === null) return;
    const terms = this.sources.termsOf(key.id) ?? key;
    const [now, mono] = [this.clock.now(), this.clock.monotonic()];
    const meter = this.#meterOf(key.id);
    meter.lastUsedAt = now;
    const use = this.#useOf(terms, meter, now, mono);
    const over = limitExceeded(terms, held === null ? use : withHeld(use, held), spends);
    if (over !== null) throw limitRefusal(over, waitMs(meter, over, mono), now);
    // Last, as it takes longest of a name not heard before: whoever is over a limit anyway is to cost nothing.
    if (spends) this.checkPrice(key, model);
  }

  #useOf(terms: ClientKey, meter: KeyMeter, now: number, mono: number): KeyUse {
    const perMinute = terms.requestsPerMinute !== null || terms.tokensPerMinute !== null;
    const [requests, tokens] = perMinute ? this.sources.minuteElsewhere(terms.id) : [0, 0];
    const budget = hasBudget(terms);
    const told = budget ? this.sources.spentElsewhere(terms.id) : [];
    const others = usedElsewhere(this.#elsewhere, terms.id, told, now);
    return {
      minute: { requests: meter.requests.sum(mono) + requests, tokens: meter.tokens.sum(mono) + tokens },
      held: meter.held,
      heldElsewhere: others.held,
      sharing: budget ? { processes: this.sources.processes(), taken: meter.untold(now) } : null,
      day: plus(meter.since(utcDay(now)), others.day),
      month: plus(meter.since(utcMonth(now)), others.month),
    };
  }

  #meterOf(id: string): KeyMeter {
    let meter = this.#meters.get(id);
    if (meter === undefined) this.#meters.set(id, (meter = new KeyMeter()));
    return meter;
  }
}

/** From what ran to its end here and named no model: of a background response that is read nobody may know what it named. */
function learnPrice({ estimate }: KeyMeter, usage: TokenUsage, { asked, cost }: Spent): void {
  if (asked === null && cost !== null) estimate.learnPrice(tokensOf(usage), cost);
}

/** Others' requests leave their windows when they do: without any of our own to wait for, a second is a fair guess. */
function waitMs(meter: KeyMeter, { of, limit }: Exceeded, mono: number): number {
  const window = of === 'requests' ? meter.requests : meter.tokens;
  return window.msUntilBelow(limit, mono);
}
