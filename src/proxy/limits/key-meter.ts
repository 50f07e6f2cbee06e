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
  #held: Amount = { tokens: 0, cost: 0 };
  /** Epoch ms. */
  lastUsedAt = 0;

  get held(): Amount {
    return this.#held;
  }

  hold({ tokens, cost }: Amount): void {
    this.#held = { tokens: this.#held.tokens + tokens, cost: this.#held.cost + cost };
  }

  release({ tokens, cost }: Amount): void {
    this.hold({ tokens: -tokens, cost: -cost });
  }

  /** Counts for the day the request started in, as its record does. Times are epoch ms, `mono` is monotonic. Answers the tokens. */
  spend(usage: TokenUsage, cost: number | null, startedAt: number, mono: number): number {
    const tokens = usage.totalTokens ?? (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
    this.estimate.learn(usage);
    this.tokens.add(tokens, mono);
    this.#count({ tokens, cost: cost ?? 0 }, utcDay(startedAt));
    return tokens;
  }

  /**
   * What was set aside counts as used where the answer does not say what was. `backgroundId`: whoever reads that response
   * hears it, or that it failed, and then `refund` takes this back.
   */
  charge(hold: Amount, startedAt: number, mono: number, backgroundId: string | null): void {
    const day = utcDay(startedAt);
    this.tokens.add(hold.tokens, mono);
    this.#count(hold, day);
    if (backgroundId === null) return;
    this.#charged.set(backgroundId, { hold, day });
    for (const oldest of this.#charged.keys()) {
      if (this.#charged.size <= MAX_CHARGED) return;
      this.#charged.delete(oldest);
    }
  }

  /** False when nothing is charged for it here. */
  refund(responseId: string): boolean {
    const charged = this.#charged.get(responseId);
    if (charged === undefined) return false;
    this.#charged.delete(responseId);
    const { hold, day } = charged;
    if (this.#days.has(day)) this.#count({ tokens: -hold.tokens, cost: -hold.cost }, day);
    return true;
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

export function sumSince(days: ReadonlyMap<number, Amount>, time: number): Amount {
  let [tokens, cost] = [0, 0];
  for (const [day, amount] of days) {
    if (day < time) continue;
    tokens += amount.tokens;
    cost += amount.cost;
  }
  return { tokens, cost };
}
