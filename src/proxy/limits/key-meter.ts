import type { TokenUsage } from '../../usage/token-usage.js';
import { utcDay, utcMonth } from '../../usage/utc-day.js';
import type { Amount } from './limit-decision.js';
import { MinuteWindow } from './minute-window.js';
import { UsageEstimate } from './usage-estimate.js';

/** Background responses that nobody has read yet. Of older ones the estimate stays counted beside what they took. */
const MAX_CHARGED = 1_000;

/** What one key has used through this process since its start. */
export class KeyMeter {
  readonly requests = new MinuteWindow();
  readonly tokens = new MinuteWindow();
  readonly estimate = new UsageEstimate();
  readonly #days = new Map<number, Amount>();
  readonly #charged = new Map<string, { readonly hold: Amount; readonly day: number }>();
  /** Of the newest of them. */
  #chargedDay = -Infinity;
  #held: Amount = { tokens: 0, cost: 0 };
  /** What the other processes know of: set aside and used this month. */
  #told: Amount = { tokens: 0, cost: 0 };
  /** Epoch ms. */
  lastUsedAt = 0;
  /** When something of it ended last; monotonic ms. */
  changedAt = -Infinity;

  get held(): Amount {
    return this.#held;
  }

  hold({ tokens, cost }: Amount): void {
    this.#held = { tokens: this.#held.tokens + tokens, cost: this.#held.cost + cost };
  }

  release({ tokens, cost }: Amount): void {
    this.hold({ tokens: -tokens, cost: -cost });
  }

  /** The other processes are told what there is now. `now` is epoch ms. */
  tell(now: number): void {
    this.#told = this.#committed(now);
  }

  /** What they have not been told of; not below 0, as a month begins with nothing used. */
  untold(now: number): Amount {
    const { tokens, cost } = this.#committed(now);
    return { tokens: Math.max(0, tokens - this.#told.tokens), cost: Math.max(0, cost - this.#told.cost) };
  }

  #committed(now: number): Amount {
    const used = this.since(utcMonth(now));
    return { tokens: this.#held.tokens + used.tokens, cost: this.#held.cost + used.cost };
  }

  /** Counts for the day the request started in, as its record does. Times are epoch ms, `mono` is monotonic. */
  spend(usage: TokenUsage, cost: number | null, startedAt: number, mono: number): void {
    const tokens = tokensOf(usage);
    this.estimate.learn(usage);
    this.tokens.add(tokens, mono);
    this.#count({ tokens, cost: cost ?? 0 }, utcDay(startedAt));
  }

  /**
   * What was set aside counts as used where the answer does not say what was. `backgroundId`: whoever reads that response
   * hears it, or that it failed, and then `refund` takes this back. Answers it.
   */
  charge(hold: Amount, startedAt: number, mono: number, backgroundId: string | null): Amount {
    const day = utcDay(startedAt);
    this.tokens.add(hold.tokens, mono);
    this.#count(hold, day);
    if (backgroundId === null) return hold;
    this.#charged.set(backgroundId, { hold, day });
    this.#chargedDay = Math.max(this.#chargedDay, day);
    for (const oldest of this.#charged.keys()) {
      if (this.#charged.size <= MAX_CHARGED) break;
      this.#charged.delete(oldest);
    }
    return hold;
  }

  /** Whether something counts since `time` that no record tells, for a background response that nobody has read. */
  awaitsTold(time: number): boolean {
    return this.#charged.size > 0 && this.#chargedDay >= time;
  }

  /** Answers what was; null = nothing. */
  refund(responseId: string): Amount | null {
    const charged = this.#charged.get(responseId);
    if (charged === undefined) return null;
    this.#charged.delete(responseId);
    const { hold, day } = charged;
    if (this.#days.has(day)) this.#count({ tokens: -hold.tokens, cost: -hold.cost }, day);
    return hold;
  }

  #count({ tokens, cost }: Amount, day: number): void {
    for (const known of this.#days.keys()) if (known < utcMonth(day)) this.#days.delete(known);
    const before = this.#days.get(day) ?? { tokens: 0, cost: 0 };
    this.#days.set(day, { tokens: before.tokens + tokens, cost: before.cost + cost });
  }

  since(time: number): Amount {
    return sumSince(this.#days, time);
  }
}

export function tokensOf({ totalTokens, inputTokens, outputTokens }: TokenUsage): number {
  return totalTokens ?? (inputTokens ?? 0) + (outputTokens ?? 0);
}

export function sumSince(days: ReadonlyMap<number, Amount>, time: number): Amount {
  let [tokens, cost] = [0, 0];
  for (const [day, amount] of days) {
    if (day < time) continue;
    tokens += amount.tokens;
    cost += amount.cost;
  }
  return { tokens, cost };
}
