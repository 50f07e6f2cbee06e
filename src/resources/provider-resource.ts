import { createHash } from 'node:crypto';
import type { Provider } from '../registry/provider.entity.js';
import type { Secret } from '../common/secret.js';
import { BEARER, type Resource, type UpstreamAuth } from './resource.js';

/** A registered provider as something that requests can be sent to. */
export function providerResource(provider: Provider, apiKey: Secret, defaultHealthPath: string): Resource {
  return Object.freeze({
    id: provider.id,
    fingerprint: fingerprintOf(provider, apiKey),
    source: 'registry',
    providerType: provider.providerType,
    origin: `provider ${provider.name}`,
    poolId: provider.poolId,
    weight: provider.weight,
    organization: provider.organization,
    baseUrl: provider.baseUrl,
    apiKey,
    auth: authOf(provider),
    guarded: true,
    healthPath: provider.healthPath ?? defaultHealthPath,
    maxConcurrency: provider.maxConcurrency,
  } satisfies Resource);
}

/** Two providers may share a key, and a provider with another key or address is another owner of conversations. */
function fingerprintOf({ id, baseUrl }: Provider, apiKey: Secret): string {
  return createHash('sha256')
    .update(JSON.stringify([id, baseUrl, apiKey.reveal()]))
    .digest('hex')
    .slice(0, 16);
}

function authOf({ authType, authHeader }: Provider): UpstreamAuth | null {
  if (authType === 'none') return null;
  if (authType === 'bearer' || authHeader === null) return BEARER;
  return { header: authHeader.toLowerCase(), prefix: '' };
}
