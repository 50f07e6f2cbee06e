import type { TokenUsage } from '../../usage/token-usage.js';
import { utcDay, utcMonth } from '../../usage/utc-day.js';
import type { Amount } from './limit-decision.js';
import { MinuteWindow } from './minute-window.js';
import { UsageEstimate } from './usage-estimate.js';

/** What one key has used through this process since its start. */
export class KeyMeter {
  readonly requests = new MinuteWindow();
  readonly tokens = new MinuteWindow();
  readonly estimate = new UsageEstimate();
  readonly #days = new Map<number, Amount>();
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

  /** Counts for the day the request started in, as its record does. Times are epoch ms, `mono` is monotonic. */
  spend(usage: TokenUsage, cost: number | null, startedAt: number, mono: number): void {
    const tokens = usage.totalTokens ?? (usage.inputTokens ?? 0) + (usage.outputTokens ?? 0);
    this.tokens.add(tokens, mono);
    this.estimate.learn(usage);
    const day = utcDay(startedAt);
    for (const known of this.#days.keys()) if (known < utcMonth(startedAt)) this.#days.delete(known);
    const before = this.#days.get(day) ?? { tokens: 0, cost: 0 };
    this.#days.set(day, { tokens: before.tokens + tokens, cost: before.cost + (cost ?? 0) });
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
