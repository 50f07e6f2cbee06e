import type { ModelAlias } from '../registry/model-alias.entity.js';
import type { PriceCatalogue } from '../usage/price-catalogue.js';
import { hasListPrice, timesListPrice } from '../usage/service-tier.js';
import { type ModelRates, tokenCost } from '../usage/token-cost.js';
import type { TokenUsage } from '../usage/token-usage.js';

export interface PricedRequest {
  /** Model the client asked for, or that of its fallbacks which it was sent as. */
  readonly asked: string | null;
  /** Model the answer names. */
  readonly served: string | null;
  readonly resourceId: string | null;
  /** `service_tier` of the answer. */
  readonly tier: string | null;
  readonly usage: TokenUsage | null;
}

interface PriceSources {
  readonly models: () => readonly PricedAlias[];
  /** Base URL of a resource; null = not known any more. */
  readonly baseUrlOf: (resourceId: string) => string | null;
  /** Of all resources, each once. */
  readonly baseUrls: () => Iterable<string>;
}

type PricedAlias = Pick<ModelAlias, 'alias' | 'upstreamId' | 'prices' | 'providerId' | 'fallbacks'>;
type Named = Pick<PricedRequest, 'asked' | 'served'>;

const DATE = /-20\d\d-?\d\d-?\d\d$/;

/** What requests cost, by what is known now: the operator's prices of an alias, or the catalogue's of the model. */
export class PriceList {
  constructor(
    private readonly catalogue: Pick<PriceCatalogue, 'ratesOf'>,
    private readonly sources: PriceSources,
  ) {}

  /**
   * Millionths of a US dollar; null = not known, as it is at a service tier that list prices are not of. The operator's own
   * prices of an alias are of whatever tier serves it. `now` is epoch ms.
   */
  costOf(request: PricedRequest, now: number): number | null {
    return hasListPrice(request.tier) || this.#isOwn(request) ? this.#listCost(request, now) : null;
  }

  /** For budgets: at another tier no less than this. */
  atLeast(request: PricedRequest, now: number): number | null {
    const cost = this.#listCost(request, now);
    return cost === null || this.#isOwn(request) ? cost : Math.ceil(cost * timesListPrice(request.tier));
  }

  #listCost(request: PricedRequest, now: number): number | null {
    const { resourceId, usage } = request;
    return usage === null ? null : this.#cost(request, this.#baseUrlOf(resourceId), usage, now);
  }

  #isOwn({ asked }: PricedRequest): boolean {
    return (this.#aliasOf(asked)?.prices ?? null) !== null;
  }

  /**
   * Before anybody serves it: of those who may, the dearest. Null = nobody knows what `model` costs. Its fallbacks are
   * not looked at.
   */
  likelyCostOf(model: string, usage: TokenUsage, now: number): number | null {
    const providerId = this.#aliasOf(model)?.providerId ?? null;
    const baseUrls = providerId === null ? [...this.sources.baseUrls()] : [this.#baseUrlOf(providerId)];
    if (baseUrls.length === 0) baseUrls.push(null);
    let most: number | null = null;
    for (const baseUrl of baseUrls) {
      const cost = this.#cost({ asked: model, served: null }, baseUrl, usage, now);
      if (cost !== null) most = Math.max(most ?? 0, cost);
    }
    return most;
  }

  /** The same, with those of its fallbacks that have a price. */
  mostOf(model: string, usage: TokenUsage, now: number): number | null {
    const own = this.likelyCostOf(model, usage, now);
    if (own === null) return null;
    const fallbacks = this.#aliasOf(model)?.fallbacks ?? [];
    return Math.max(own, ...fallbacks.map((one) => this.likelyCostOf(one, usage, now) ?? 0));
  }

  #baseUrlOf(resourceId: string | null): string | null {
    return resourceId === null ? null : this.sources.baseUrlOf(resourceId);
  }

  #aliasOf(name: string | null): PricedAlias | undefined {
    return name === null ? undefined : this.sources.models().find(({ alias }) => alias === name);
  }

  #cost(named: Named, baseUrl: string | null, usage: TokenUsage, now: number): number | null {
    const rates = this.#rates(named, baseUrl, now);
    return rates === null ? null : tokenCost(usage, rates);
  }

  #rates({ asked, served }: Named, baseUrl: string | null, now: number): ModelRates | null {
    const alias = this.#aliasOf(asked);
    if (alias !== undefined && alias.prices !== null) {
      const { input, output, cachedInput } = alias.prices;
      return { input, output, cachedInput, cacheWrite: null, reasoning: null };
    }
    const listed = (model: string): ModelRates | null => this.catalogue.ratesOf(model, baseUrl, now);
    const meant = alias?.upstreamId ?? asked;
    if (served === null) return firstOf([...likelyNames(meant), ...likelyNames(asked)], listed);
    // A dated version that is not listed yet costs what its model does; anything else that was served is another model.
    return listed(served) ?? (meant !== null && served.startsWith(`${meant}-20`) ? listed(meant) : null);
  }
}

/**
 * What a model may be listed as before an answer has named it: a gateway puts a prefix to its name, and a dated version may
 * not be listed yet. A deployment has a name of its own, and its alias perhaps the model's.
 */
function likelyNames(name: string | null): readonly string[] {
  if (name === null) return [];
  const bare = name.slice(name.lastIndexOf('/') + 1);
  return [name, bare, bare.replace(DATE, '')];
}

function firstOf(names: readonly string[], listed: (model: string) => ModelRates | null): ModelRates | null {
  for (const name of new Set(names)) {
    const rates = listed(name);
    if (rates !== null) return rates;
  }
  return null;
}
