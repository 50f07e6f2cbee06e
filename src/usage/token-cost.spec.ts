import { describe, expect, it } from 'vitest';
import { type ModelRates, tokenCost } from './token-cost.js';
import type { TokenUsage } from './token-usage.js';

const RATES: ModelRates = { input: 2, cachedInput: 0.2, cacheWrite: 2.5, output: 10, reasoning: null };

const usage = (over: Partial<TokenUsage> = {}): TokenUsage => ({
  inputTokens: 1_000,
  cachedTokens: null,
  cacheWriteTokens: null,
  outputTokens: 100,
  reasoningTokens: null,
  totalTokens: null,
  ...over,
});

describe('the cost of tokens', () => {
  it('is in millionths of a dollar: input, output, and the parts of either at their own rates', () => {
    expect(tokenCost(usage(), RATES)).toBe(3_000);
    expect(tokenCost(usage({ cachedTokens: 600 }), RATES)).toBe(400 * 2 + 600 * 0.2 + 1_000);
    expect(tokenCost(usage({ cachedTokens: 600, cacheWriteTokens: 100 }), RATES)).toBe(
      600 + 120 + 250 + 1_000,
    );
    expect(tokenCost(usage({ reasoningTokens: 40 }), RATES)).toBe(3_000);
    expect(tokenCost(usage({ reasoningTokens: 40 }), { ...RATES, reasoning: 20 })).toBe(3_400);
  });

  it('takes the rate of the whole where a part has none of its own', () => {
    const rates = { ...RATES, cachedInput: null, cacheWrite: null };
    expect(tokenCost(usage({ cachedTokens: 600, cacheWriteTokens: 100 }), rates)).toBe(3_000);
  });

  it('takes the tier of the whole prompt', () => {
    const tiered = { ...RATES, input: { base: 1, tiers: [{ start: 999, price: 3 }] }, output: 0 };
    expect(tokenCost(usage({ inputTokens: 999 }), tiered)).toBe(999);
    expect(tokenCost(usage({ inputTokens: 1_000 }), tiered)).toBe(3_000);
  });

  it.each([
    ['no input', usage({ inputTokens: null })],
    ['no output', usage({ outputTokens: null })],
    ['more cached than input', usage({ cachedTokens: 1_001 })],
    ['more reasoning than output', usage({ reasoningTokens: 101 })],
  ])('is unknown with %s', (_what, told) => {
    expect(tokenCost(told, RATES)).toBe(null);
  });

  it('is unknown for output of a model that is not sold by it, and a known nothing for what is free', () => {
    expect(tokenCost(usage(), { ...RATES, output: null })).toBe(null);
    expect(tokenCost(usage({ outputTokens: 0 }), { ...RATES, output: null })).toBe(2_000);
    expect(tokenCost(usage(), { ...RATES, input: 0, output: 0 })).toBe(0);
  });
});
