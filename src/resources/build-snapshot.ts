import type { AppConfig } from '../config/app-config.js';
import { BEARER, type Resource, type ResourceSnapshot } from './resource.js';

/** What the environment describes, under the ids the keys have, and what is registered. Duplicate keys collapse. */
export function buildSnapshot(
  config: AppConfig,
  ids: ReadonlyMap<string, string>,
  version: number,
  registered: readonly Resource[] = [],
): ResourceSnapshot {
  const byFingerprint = new Map<string, Resource>();
  const poolIds = new Set<string>();
  for (const key of config.keys) {
    const fingerprint = key.apiKey.fingerprint();
    const id = ids.get(fingerprint);
    if (id === undefined || byFingerprint.has(fingerprint)) continue;
    if (key.poolId !== null) poolIds.add(key.poolId);
    byFingerprint.set(
      fingerprint,
      Object.freeze({
        id,
        fingerprint,
        source: 'env',
        providerType: null,
        origin: key.origin,
        poolId: key.poolId,
        weight: key.weight,
        organization: key.organization,
        baseUrl: config.upstream.baseUrl,
        apiKey: key.apiKey,
        auth: BEARER,
        guarded: false,
        healthPath: config.health.path,
        maxConcurrency: key.maxConcurrency,
      }),
    );
  }
  for (const resource of registered) {
    if (resource.poolId !== null) poolIds.add(resource.poolId);
    byFingerprint.set(resource.fingerprint, resource);
  }
  const resources = Object.freeze([...byFingerprint.values()]);
  const byId = new Map(resources.map((resource) => [resource.id, resource]));
  return Object.freeze({ resources, byId, byFingerprint, poolIds: Object.freeze([...poolIds]), version });
}
