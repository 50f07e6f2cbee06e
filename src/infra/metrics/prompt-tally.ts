import type { TokenUsage } from '../../usage/token-usage.js';

const MINUTE_MS = 60_000;
/** Long enough for a few turns of an agent, short enough to show what a move has done. */
export const RECENT_MINUTES = 15;

/** Prompt tokens as answers told them; null = none has said anything. */
export interface PromptSums {
  readonly input: number | null;
  readonly cached: number | null;
  readonly cacheWrite: number | null;
}

interface Minute {
  readonly number: number;
  input: number | null;
  cached: number | null;
}

/** What the answers of one resource said of their prompts, in all and minute by minute of the last quarter of an hour. */
export class PromptTally implements PromptSums {
  input: number | null = null;
  cached: number | null = null;
  cacheWrite: number | null = null;
  readonly #minutes: (Minute | undefined)[] = [];

  /** `at`: epoch ms. */
  add({ inputTokens, cachedTokens, cacheWriteTokens }: TokenUsage, at: number): void {
    this.input = plus(this.input, inputTokens);
    this.cached = plus(this.cached, cachedTokens);
    this.cacheWrite = plus(this.cacheWrite, cacheWriteTokens);
    const number = Math.floor(at / MINUTE_MS);
    const place = number % RECENT_MINUTES;
    let minute = this.#minutes[place];
    if (minute?.number !== number) {
      minute = { number, input: null, cached: null };
      this.#minutes[place] = minute;
    }
    minute.input = plus(minute.input, inputTokens);
    minute.cached = plus(minute.cached, cachedTokens);
  }

  /** Of the minute of `now` (epoch ms) and those before it. */
  recent(now: number): Pick<PromptSums, 'input' | 'cached'> {
    const current = Math.floor(now / MINUTE_MS);
    let input: number | null = null;
    let cached: number | null = null;
    for (const minute of this.#minutes) {
      if (minute === undefined || minute.number <= current - RECENT_MINUTES) continue;
      input = plus(input, minute.input);
      cached = plus(cached, minute.cached);
    }
    return { input, cached };
  }
}

function plus(sum: number | null, more: number | null): number | null {
  return more === null ? sum : (sum ?? 0) + more;
}
