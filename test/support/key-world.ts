import { vi } from 'vitest';
import { ProxyError } from '../../src/common/errors.js';
import { KeyLimits, type Spent } from '../../src/proxy/limits/key-limits.js';
import type { Amount } from '../../src/proxy/limits/limit-decision.js';
import type { ToldSpent } from '../../src/proxy/limits/used-elsewhere.js';
import type { PricedRequest } from '../../src/proxy/price-list.js';
import type { ClientKey } from '../../src/registry/client-key.entity.js';
import type { TokenUsage } from '../../src/usage/token-usage.js';
import { aClientKey } from './registry-rows.js';

export const MONDAY = Date.UTC(2026, 10, 23, 12);
export const told = (inputTokens: number, outputTokens: number): TokenUsage => ({
  inputTokens,
  cachedTokens: null,
  cacheWriteTokens: null,
  outputTokens,
  reasoningTokens: null,
  totalTokens: inputTokens + outputTokens,
});

/** Models with what a token of them costs; of an alias, what its dearest fallback does. */
export function pricesOf(
  tokens: Readonly<Record<string, number>>,
  dearest: Readonly<Record<string, number>> = {},
) {
  const of = (model: string | null, { totalTokens }: TokenUsage, list = tokens): number | null => {
    const price = list[model ?? ''] ?? tokens[model ?? ''];
    return price === undefined ? null : price * (totalTokens ?? 0);
  };
  return {
    atLeast: ({ asked, served, usage }: PricedRequest) =>
      usage === null ? null : of(served ?? asked, usage),
    likelyCostOf: (model: string, usage: TokenUsage) => of(model, usage),
    mostOf: (model: string, usage: TokenUsage) => of(model, usage, dearest),
  };
}

/** Of a request that told nothing. */
export const NOTHING_SPENT: Spent = Object.freeze({
  usage: null,
  cost: null,
  untold: false,
  answerBytes: 0,
  asked: null,
  servedModel: null,
  resourceId: null,
  tier: null,
  backgroundId: null,
});

/** A key, its limits, and a clock to turn. */
export function keyWorld(terms: Partial<ClientKey>) {
  const key = aClientKey(terms);
  const clock = { at: MONDAY, now: () => clock.at, monotonic: () => clock.at - MONDAY + 500 };
  const elsewhere: [number, number] = [0, 0];
  const others: ToldSpent[] = [];
  const fleet = { processes: 1 };
  // A tenth of a cent for each token.
  const onTold = vi.fn<(keyId: string, responseId: string) => void>();
  const limits = new KeyLimits(clock, pricesOf({ 'gpt-5': 1_000 }), {
    termsOf: () => key,
    minuteElsewhere: () => elsewhere,
    spentElsewhere: () => others,
    processes: () => fleet.processes,
    onTold,
  });
  const ask = (inputTokens = 25, spends = true): Amount | null | string => {
    try {
      return limits.reserve({ key, spends, model: 'gpt-5', inputTokens });
    } catch (e: unknown) {
      return e instanceof ProxyError ? e.code : 'broken';
    }
  };
  const end = (hold: Amount | null | string, usage: TokenUsage | null, how: Partial<Spent> = {}): void => {
    if (typeof hold === 'string') return;
    const cost = usage === null ? null : (usage.totalTokens ?? 0) * 1_000;
    limits.settle(key, hold, { ...NOTHING_SPENT, usage, cost, asked: 'gpt-5', ...how }, clock.at);
  };
  return { limits, key, clock, elsewhere, others, fleet, ask, end, onTold };
}

/** One that names a prompt template in place of a model. */
export const unnamed = (dailyCost: number) => {
  const key = aClientKey({ dailyCost });
  const clock = { now: () => MONDAY, monotonic: () => 500 };
  const limits = new KeyLimits(clock, pricesOf({ 'gpt-5': 10 }), {
    termsOf: () => key,
    minuteElsewhere: () => [0, 0],
    spentElsewhere: () => [],
    processes: () => 1,
    onTold: () => undefined,
  });
  const reserve = (): Amount | null => limits.reserve({ key, spends: true, model: null, inputTokens: 25 });
  const settle = (hold: Amount | null, spent: Partial<Spent>): void => {
    limits.settle(key, hold, { ...NOTHING_SPENT, ...spent }, MONDAY);
  };
  return { reserve, settle };
};
