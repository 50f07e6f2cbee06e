import { calcPrice, findProvider } from '@pydantic/genai-prices';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { PriceCatalogue } from './price-catalogue.js';
import { tokenCost } from './token-cost.js';

vi.mock('@pydantic/genai-prices', { spy: true });

const NOW = Date.UTC(2026, 10, 23);
const OPENAI = 'https://api.openai.com/v1';

afterEach(() => vi.unstubAllGlobals());

describe('the price catalogue', () => {
  const catalogue = new PriceCatalogue();

  it.each(['gpt-5', 'gpt-5-2025-08-07', 'gpt-5.5', 'gpt-5-mini', 'o3', 'claude-sonnet-4-20250514'])(
    'comes to what the package itself says a request to %s costs',
    (model) => {
      for (const input of [1_000, 271_999, 272_000, 900_000]) {
        const usage = { input_tokens: input, cache_read_tokens: 500, output_tokens: 300 };
        const theirs = calcPrice(usage, model, { timestamp: new Date(NOW) })?.total_price ?? Number.NaN;
        const rates = catalogue.ratesOf(model, null, NOW);
        const ours = rates && tokenCost({ ...TOLD, inputTokens: input }, rates);
        expect(Math.abs((ours ?? Number.NaN) - theirs * 1e6)).toBeLessThanOrEqual(0.51);
      }
    },
  );

  it('knows the upstream by its address, and otherwise who makes models of that name', () => {
    expect(catalogue.ratesOf('gpt-5', OPENAI, NOW)).toEqual(catalogue.ratesOf('gpt-5', null, NOW));
    expect(catalogue.ratesOf('gpt-5', 'http://127.0.0.1:4000/v1', NOW)?.input).toBe(1.25);
    expect(catalogue.ratesOf('claude-sonnet-4-20250514', OPENAI, NOW)).toBe(null);
  });

  it.each(['no-such-model', '', 'gpt-99', '__proto__', 'x'.repeat(512)])('does not know %j', (model) => {
    expect(catalogue.ratesOf(model, OPENAI, NOW)).toBe(null);
    expect(catalogue.ratesOf(model, null, NOW)).toBe(null);
  });

  it('looks a model up once for all upstreams that it does not know, and each upstream once', () => {
    const fresh = new PriceCatalogue();
    vi.mocked(calcPrice).mockClear();
    vi.mocked(findProvider).mockClear();
    const gateways = Array.from({ length: 10 }, (_, n) => `http://127.0.0.1:400${n}/v1`);
    for (const model of ['gpt-5', 'no-such-model'])
      for (const baseUrl of [...gateways, null, OPENAI]) fresh.ratesOf(model, baseUrl, NOW);
    // As of nobody knows where, and as of the one that is known.
    expect(calcPrice).toHaveBeenCalledTimes(4);
    expect(findProvider).toHaveBeenCalledTimes(11);
  });

  it('asks nobody', () => {
    const fetched = vi.fn();
    vi.stubGlobal('fetch', fetched);
    const fresh = new PriceCatalogue();
    for (let i = 0; i < 20; i += 1) fresh.ratesOf(`gpt-5-${i}`, OPENAI, NOW + i * 86_400_000);
    expect(fetched).not.toHaveBeenCalled();
  });
});

const TOLD = {
  inputTokens: 0,
  cachedTokens: 500,
  cacheWriteTokens: null,
  outputTokens: 300,
  reasoningTokens: null,
  totalTokens: null,
};
