import type { AppConfig } from '../config/app-config.js';
import type { Resource, ResourceSnapshot } from './resource.js';

/** The set of resources the environment describes, under the ids their keys have. Duplicate keys collapse. */
export function buildSnapshot(
  config: AppConfig,
  ids: ReadonlyMap<string, string>,
  version: number,
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
        origin: key.origin,
        poolId: key.poolId,
        weight: key.weight,
        organization: key.organization,
        baseUrl: config.upstream.baseUrl,
        apiKey: key.apiKey,
        healthPath: config.health.path,
        maxConcurrency: key.maxConcurrency,
      }),
    );
  }
  const resources = Object.freeze([...byFingerprint.values()]);
  const byId = new Map(resources.map((resource) => [resource.id, resource]));
  return Object.freeze({ resources, byId, byFingerprint, poolIds: Object.freeze([...poolIds]), version });
}
