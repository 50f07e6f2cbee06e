import type { AliasPin } from '../common/alias-pin.js';
import type { Resource } from '../resources/resource.js';

/** Whether a resource is one of those that the alias asked for is pinned to. */
export function isOfAlias(alias: AliasPin | null, resource: Pick<Resource, 'id' | 'poolId'>): boolean {
  if (alias === null) return true;
  if (alias.resourceId !== null) return resource.id === alias.resourceId;
  return alias.poolId === null || resource.poolId === alias.poolId;
}

/** `the provider "p"`; null = it is pinned to nobody. */
export function pinText({ resourceId, poolId }: AliasPin): string | null {
  if (resourceId !== null) return `the provider "${resourceId}"`;
  return poolId === null ? null : `the pool "${poolId}"`;
}
