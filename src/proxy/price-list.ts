import type { ModelAlias } from '../registry/model-alias.entity.js';
import type { PriceCatalogue } from '../usage/price-catalogue.js';
import { type ModelRates, tokenCost } from '../usage/token-cost.js';
import type { TokenUsage } from '../usage/token-usage.js';

export interface PricedRequest {
  /** Model the client asked for. */
  readonly asked: string | null;
  /** Model the answer names. */
  readonly served: string | null;
  readonly resourceId: string | null;
  readonly usage: TokenUsage | null;
}

interface PriceSources {
  readonly models: () => readonly Pick<ModelAlias, 'alias' | 'upstreamId' | 'prices'>[];
  /** Base URL of a resource; null = not known any more. */
  readonly baseUrlOf: (resourceId: string) => string | null;
}

/** What requests cost, by what is known now: the operator's prices of an alias, or the catalogue's of the model. */
export class PriceList {
  constructor(
    private readonly catalogue: Pick<PriceCatalogue, 'ratesOf'>,
    private readonly sources: PriceSources,
  ) {}

  /** Millionths of a US dollar; null = not known. `now` is epoch ms. */
  costOf(request: PricedRequest, now: number): number | null {
    if (request.usage === null) return null;
    const rates = this.#rates(request, now);
    return rates === null ? null : tokenCost(request.usage, rates);
  }

  #rates({ asked, served, resourceId }: PricedRequest, now: number): ModelRates | null {
    const alias = asked === null ? undefined : this.sources.models().find((model) => model.alias === asked);
    if (alias !== undefined && alias.prices !== null) {
      const { input, output, cachedInput } = alias.prices;
      return { input, output, cachedInput, cacheWrite: null, reasoning: null };
    }
    const baseUrl = resourceId === null ? null : this.sources.baseUrlOf(resourceId);
    const listed = (model: string): ModelRates | null => this.catalogue.ratesOf(model, baseUrl, now);
    const meant = alias?.upstreamId ?? asked;
    if (served === null) return meant === null ? null : listed(meant);
    // A dated version that is not listed yet costs what its model does; anything else that was served is another model.
    return listed(served) ?? (meant !== null && served.startsWith(`${meant}-20`) ? listed(meant) : null);
  }
}
