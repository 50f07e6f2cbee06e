import { describe, expect, it } from 'vitest';
import type { ModelRates } from '../usage/token-cost.js';
import { type PricedRequest, PriceList } from './price-list.js';

const flat = (input: number): ModelRates => ({
  input,
  output: 0,
  cachedInput: null,
  cacheWrite: null,
  reasoning: null,
});
const LISTED: Readonly<Record<string, ModelRates>> = {
  'gpt-5': flat(1),
  'gpt-5-2025-08-07': flat(2),
  // One upstream sells it dearer, and another does not list it.
  'at-large': flat(3),
  'elsewhere at-large': flat(4),
};
const PLAIN = { prices: null, providerId: null, fallbacks: null };
const asked: (string | null)[] = [];
const prices = new PriceList(
  {
    ratesOf: (model, baseUrl) => {
      asked.push(baseUrl);
      if (model === 'at-large' && baseUrl === 'https://nowhere/v1') return null;
      return LISTED[`${baseUrl?.slice(8, -3)} ${model}`] ?? LISTED[model] ?? null;
    },
  },
  {
    models: () => [
      { ...PLAIN, alias: 'team', upstreamId: 'gpt-5', prices: { input: 5, output: 7, cachedInput: null } },
      { ...PLAIN, alias: 'plain', upstreamId: 'gpt-5', fallbacks: ['nobody-knows', 'at-large', 'team'] },
      // A deployment of a name of its own.
      { ...PLAIN, alias: 'gpt-5-2025-08-07', upstreamId: 'our-deployment' },
      { ...PLAIN, alias: 'pinned', upstreamId: 'at-large', providerId: 'prov_1' },
      { ...PLAIN, alias: 'unlisted', upstreamId: 'at-large', providerId: 'prov_2', fallbacks: ['gpt-5'] },
    ],
    baseUrlOf: (id) =>
      ({
        'openai-1': 'https://api.openai.com/v1',
        prov_1: 'https://elsewhere/v1',
        prov_2: 'https://nowhere/v1',
      })[id] ?? null,
    baseUrls: () => ['https://api.openai.com/v1', 'https://elsewhere/v1', 'https://nowhere/v1'],
  },
);

const USAGE = {
  inputTokens: 10,
  cachedTokens: 4,
  cacheWriteTokens: null,
  outputTokens: 1,
  reasoningTokens: null,
  totalTokens: 11,
};
const cost = (over: Partial<PricedRequest>): number | null =>
  prices.costOf({ asked: null, served: null, resourceId: 'openai-1', tier: null, usage: USAGE, ...over }, 0);

describe('the price of a request', () => {
  it.each([
    ['of the model that answered', { asked: 'gpt-5', served: 'gpt-5-2025-08-07' }, 20],
    ['of the model asked for, where the answer names none', { asked: 'gpt-5' }, 10],
    [
      'of the model, for a dated version that is not listed',
      { asked: 'gpt-5', served: 'gpt-5-2027-01-01' },
      10,
    ],
    ['unknown, when another model answered that is not listed', { asked: 'gpt-5', served: 'gpt-6' }, null],
    ['unknown for a variant that only begins like a known one', { asked: 'gpt-5', served: 'gpt-5-xl' }, null],
    ['the operator’s own for an alias, whatever answered', { asked: 'team', served: 'gpt-5' }, 57],
    ['the catalogue’s for an alias without prices', { asked: 'plain' }, 10],
    ['of what answered, when nothing was asked (a background answer)', { served: 'gpt-5' }, 10],
    ['unknown without a model', {}, null],
    ['unknown without usage', { asked: 'gpt-5', usage: null }, null],
  ] as const)('is %s', (_what, request, expected) => {
    expect(cost(request)).toBe(expected);
  });

  it.each([
    ['gpt-5', 10, 10],
    ['at-large', 40, 40],
    ['pinned', 40, 40],
    ['team', 57, 57],
    ['plain', 10, 57],
    ['unlisted', null, null],
    ['nobody-knows', null, null],
    ['gpt-5-2025-08-07', 20, 20],
    ['gateway/openai/gpt-5', 10, 10],
    ['gpt-5-2027-01-01', 10, 10],
    ['gateway/gpt-5-20270101', 10, 10],
    ['gateway/nobody-knows', null, null],
    ['gateway/', null, null],
    ['gpt-5-xl', null, null],
  ] as const)('of %s is foreseen where the dearest upstream, and fallback, serves it', (model, own, most) => {
    expect(prices.likelyCostOf(model, USAGE, 0)).toBe(own);
    expect(prices.mostOf(model, USAGE, 0)).toBe(most);
  });

  it.each([
    ['default', 'gpt-5', 10, 10],
    ['auto', 'gpt-5', 10, 10],
    ['', 'gpt-5', 10, 10],
    ['flex', 'gpt-5', null, 10],
    ['batch', 'gpt-5', null, 10],
    ['priority', 'gpt-5', null, 25],
    ['scale', 'gpt-5', null, 10],
    ['priority', 'team', 57, 57],
    ['priority', 'nobody-knows', null, null],
  ] as const)('at the tier %j of %s is %s, and %s at least', (tier, model, is, least) => {
    expect(cost({ asked: model, tier })).toBe(is);
    const request = { asked: model, served: null, resourceId: 'openai-1', tier, usage: USAGE };
    expect(prices.atLeast(request, 0)).toBe(least);
  });

  it('asks for the prices of the upstream that served, as far as it is known', () => {
    asked.length = 0;
    cost({ asked: 'gpt-5' });
    cost({ asked: 'gpt-5', resourceId: 'gone' });
    cost({ asked: 'gpt-5', resourceId: null });
    expect(asked).toEqual(['https://api.openai.com/v1', null, null]);
  });
});
