import { calcPrice, findProvider, type ModelPrice } from '@pydantic/genai-prices';
import type { ModelRates, Rate } from './token-cost.js';

/** Some models cost less at night. */
const KEEP_MS = 10 * 60_000;
/** Model names are the clients' choice. */
const MAX_ENTRIES = 1_000;
/** Upstreams are the operator's. */
const MAX_PROVIDERS = 1_000;

interface Known {
  readonly rates: ModelRates | null;
  readonly until: number;
}

/**
 * List prices of models, out of the data that comes with the package: nothing is ever fetched, and a newer version of
 * the package is what brings newer prices. Looking one up takes 100 µs, so each is kept for a while.
 */
export class PriceCatalogue {
  readonly #known = new Map<string, Known>();
  /** By base URL, the catalogue's name for the upstream; null = it does not know it. */
  readonly #providers = new Map<string, string | null>();

  /**
   * Of `model` at the upstream `baseUrl`; where the catalogue does not know the upstream, of the one that makes models
   * of that name. Null = not listed. `now` is epoch ms.
   */
  ratesOf(model: string, baseUrl: string | null, now: number): ModelRates | null {
    // By provider: upstreams that the catalogue does not know all cost the same.
    const providerId = this.#providerOf(baseUrl);
    const key = `${providerId ?? ''} ${model}`;
    const known = this.#known.get(key);
    if (known !== undefined && known.until > now) return known.rates;
    const rates = listed(model, providerId, now);
    this.#known.delete(key);
    makeRoom(this.#known, MAX_ENTRIES);
    this.#known.set(key, { rates, until: now + KEEP_MS });
    return rates;
  }

  #providerOf(baseUrl: string | null): string | null {
    if (baseUrl === null) return null;
    let found = this.#providers.get(baseUrl);
    if (found === undefined) {
      found = providerAt(baseUrl);
      makeRoom(this.#providers, MAX_PROVIDERS);
      this.#providers.set(baseUrl, found);
    }
    return found;
  }
}

/** The oldest goes. */
function makeRoom(map: Map<string, unknown>, max: number): void {
  const [oldest] = map.keys();
  if (map.size >= max && oldest !== undefined) map.delete(oldest);
}

function providerAt(baseUrl: string): string | null {
  try {
    return findProvider({ providerApiUrl: baseUrl })?.id ?? null;
  } catch {
    return null;
  }
}

function listed(model: string, providerId: string | null, now: number): ModelRates | null {
  try {
    const timestamp = new Date(now);
    const options = providerId === null ? { timestamp } : { timestamp, providerId };
    const found = calcPrice({ input_tokens: 0, output_tokens: 0 }, model, options);
    return found === null ? null : ratesFrom(found.model_price);
  } catch {
    return null; // it throws on data it does not understand: then the price is not known
  }
}

function ratesFrom(price: ModelPrice): ModelRates | null {
  const rate = (name: string): Rate | null => price[name] ?? null;
  const input = rate('input_mtok');
  if (input === null) return null;
  return {
    input,
    cachedInput: rate('cache_read_mtok'),
    cacheWrite: rate('cache_write_mtok'),
    output: rate('output_mtok'),
    reasoning: rate('output_reasoning_mtok'),
  };
}
