import type { ClientKey } from '../../src/registry/client-key.entity.js';
import type { ModelAlias } from '../../src/registry/model-alias.entity.js';
import type { ProviderDirectory } from '../../src/registry/provider-directory.service.js';
import type { Provider } from '../../src/registry/provider.entity.js';

/** A registry without providers. */
export const NO_PROVIDERS = {
  all: () => [],
  onChange: () => () => undefined,
} as unknown as ProviderDirectory;

const AT = 1_800_000_000_000;

export function aProvider(over: Partial<Provider> = {}): Provider {
  return {
    id: 'prov_1',
    name: 'Example',
    providerType: 'custom',
    baseUrl: 'https://api.example.com/v1',
    wireApi: 'responses',
    authType: 'bearer',
    authHeader: null,
    secret: null,
    credentialRef: null,
    healthPath: null,
    poolId: null,
    weight: 1,
    organization: null,
    maxConcurrency: null,
    enabled: true,
    metadata: null,
    createdAt: AT,
    updatedAt: AT,
    ...over,
  };
}

export function aModel(over: Partial<ModelAlias> = {}): ModelAlias {
  return {
    id: 'mdl_1',
    alias: 'team-model',
    displayName: null,
    kind: 'model',
    providerId: null,
    poolId: null,
    upstreamId: 'gpt-5',
    fallbacks: null,
    capabilities: null,
    prices: null,
    enabled: true,
    createdAt: AT,
    updatedAt: AT,
    ...over,
  };
}

export function aClientKey(over: Partial<ClientKey> = {}): ClientKey {
  return {
    id: 'key_1',
    name: 'laptop',
    digest: 'd'.repeat(64),
    prefix: 'rpx_abcdef',
    expiresAt: null,
    revokedAt: null,
    allowedPools: null,
    allowedModels: null,
    requestsPerMinute: null,
    tokensPerMinute: null,
    dailyTokens: null,
    monthlyTokens: null,
    dailyCost: null,
    monthlyCost: null,
    lastUsedAt: null,
    createdAt: AT,
    ...over,
  };
}
