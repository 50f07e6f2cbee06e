import { LONGEST_PROMPT } from '../../balancer/prompt-size.js';
import { BYTES_PER_STREAMED_TOKEN } from '../../usage/counted-length.js';
import type { TokenUsage } from '../../usage/token-usage.js';
import type { Amount } from './limit-decision.js';

/** Before any answer has been seen: rather too much, which makes the first requests of a small budget take turns. */
const FIRST_OUTPUT = 1_000;
const FORGET = 0.1;
/** Millionths of a dollar: the dearest list price of output there is. */
const FIRST_PRICE = 600;

/** Of a model that is sold by both: enough to ask whether its price is known. */
export const ONE_TOKEN_EACH: TokenUsage = Object.freeze({
  inputTokens: 1,
  cachedTokens: null,
  cacheWriteTokens: null,
  outputTokens: 1,
  reasoningTokens: null,
  totalTokens: 2,
});

/** What a key's next request may take: as much as its largest lately, or as its body may hold (tokens). */
export class UsageEstimate {
  #input = 0;
  #output: number | null = null;
  /** Of a token, where no model was named. */
  #price: number | null = null;

  of(prompt: number): TokenUsage & { readonly totalTokens: number } {
    const lately = Math.min(LONGEST_PROMPT, Math.ceil(this.#input));
    const inputTokens = Math.max(prompt, lately);
    const outputTokens = Math.ceil(this.#output ?? FIRST_OUTPUT);
    return {
      inputTokens,
      cachedTokens: null,
      cacheWriteTokens: null,
      outputTokens,
      reasoningTokens: null,
      totalTokens: inputTokens + outputTokens,
    };
  }

  /** Of an answer for which `held` tokens were set aside and that came to `tokens`: what came beyond that is output. */
  spread(held: number, tokens: number): TokenUsage {
    const outputTokens = Math.min(tokens, Math.ceil(this.#output ?? FIRST_OUTPUT) + tokens - held);
    return { ...ONE_TOKEN_EACH, inputTokens: tokens - outputTokens, outputTokens, totalTokens: tokens };
  }

  learn({ inputTokens, outputTokens }: TokenUsage): void {
    if (inputTokens !== null) this.#input = peak(this.#input, inputTokens);
    if (outputTokens !== null) this.#output = peak(this.#output ?? 0, outputTokens);
  }

  /**
   * What a request may cost that names no model: a prompt template has one of its own, which only the answer tells. As much
   * as the key's dearest of the kind lately; before any, rather too much.
   */
  unnamedCost(tokens: number): number {
    return Math.ceil(tokens * (this.#price ?? FIRST_PRICE));
  }

  /** The same of one of which nothing came, its model neither: nothing before any has told. */
  unnamedCharge(tokens: number): number {
    return this.#price === null ? 0 : this.unnamedCost(tokens);
  }

  /** An answer to such a request. */
  learnPrice(tokens: number, cost: number): void {
    if (tokens > 0) this.#price = peak(this.#price ?? 0, cost / tokens);
  }
}

/** What was set aside for an answer, or more where it had grown beyond that before its client left: most of it was had. */
export function coveringAnswer(hold: Amount, answerBytes: number): Amount {
  const tokens = Math.floor(answerBytes / BYTES_PER_STREAMED_TOKEN);
  if (tokens <= hold.tokens) return hold;
  return { tokens, cost: Math.ceil((hold.cost * tokens) / Math.max(1, hold.tokens)) };
}

/** Up at once, down slowly. */
function peak(before: number, now: number): number {
  return now >= before ? now : before + (now - before) * FORGET;
}
