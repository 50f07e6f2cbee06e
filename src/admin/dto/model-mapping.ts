import { ProxyError } from '../../common/errors.js';
import type { ModelAlias, TokenPrices } from '../../registry/model-alias.entity.js';
import type { ModelTerms } from '../../registry/model-terms.js';
import type { ModelChange, ModelDto } from './model.dto.js';
import type { ProviderRoutingDto } from './provider.dto.js';

const MAX_PRICE = 1_000_000;
const PRICE_FIELDS = ['input', 'output', 'cached_input'];

export function toModelDto(row: ModelAlias, routing: ProviderRoutingDto): ModelDto {
  const { prices } = row;
  return {
    id: row.id,
    alias: row.alias,
    display_name: row.displayName,
    kind: row.kind,
    provider_id: row.providerId,
    pool_id: row.poolId,
    upstream_id: row.upstreamId,
    fallbacks: row.fallbacks,
    capabilities: row.capabilities,
    prices:
      prices === null
        ? null
        : { input: prices.input, output: prices.output, cached_input: prices.cachedInput },
    enabled: row.enabled,
    routing,
    created_at: row.createdAt,
    updated_at: row.updatedAt,
  };
}

/** The terms a body names; those it leaves out are left out here. Throws `invalid_parameter`. */
export function changedModel(body: ModelChange): Partial<ModelTerms> {
  const terms = {
    alias: given(body, 'alias'),
    displayName: body.display_name,
    kind: body.kind === null ? 'model' : body.kind,
    providerId: body.provider_id,
    poolId: body.pool_id,
    upstreamId: given(body, 'upstream_id'),
    fallbacks: body.fallbacks,
    capabilities: body.capabilities,
    prices: pricesOf(body.prices),
    enabled: body.enabled === null ? true : body.enabled,
  };
  return Object.fromEntries(Object.entries(terms).filter(([, value]) => value !== undefined));
}

/** A new one has no earlier name to fall back on. */
export function newModel(body: ModelChange): ModelTerms {
  const { alias, upstream_id } = body;
  if (alias === undefined) throw invalid('alias', 'alias must be given.');
  if (upstream_id === undefined) throw invalid('upstream_id', 'upstream_id must be given.');
  return {
    displayName: null,
    kind: 'model',
    providerId: null,
    poolId: null,
    fallbacks: null,
    capabilities: null,
    prices: null,
    enabled: true,
    ...changedModel(body),
    alias,
    upstreamId: upstream_id,
  };
}

function given(body: ModelChange, field: 'alias' | 'upstream_id'): string | undefined {
  const value: string | null | undefined = body[field];
  if (value === null) throw invalid(field, `${field} cannot be taken away.`);
  return value;
}

function pricesOf(prices: ModelChange['prices']): TokenPrices | null | undefined {
  if (prices === null || prices === undefined) return prices;
  const unknown = Object.keys(prices).find((name) => !PRICE_FIELDS.includes(name));
  if (unknown !== undefined)
    throw invalid(`prices.${unknown}`, `prices holds ${PRICE_FIELDS.join(', ')} and nothing else.`);
  const cached = prices['cached_input'] ?? null;
  return {
    input: priceOf('input', prices['input']),
    output: priceOf('output', prices['output']),
    cachedInput: cached === null ? null : priceOf('cached_input', cached),
  };
}

function priceOf(name: string, value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value <= MAX_PRICE) return value;
  throw invalid(
    `prices.${name}`,
    `prices.${name} must be a number of US dollars per million tokens, from 0 to ${MAX_PRICE}.`,
  );
}

function invalid(param: string, message: string): ProxyError {
  return new ProxyError('invalid_parameter', message, { param });
}
