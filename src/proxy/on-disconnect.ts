import type { OnDisconnectConfig } from '../config/app-config.js';
import type { Resource } from '../resources/resource.js';

/** Whether an answer of this resource is read to its end, for its exact usage, although its client has gone. */
export function drainsFor(
  { otherwise, byPool }: OnDisconnectConfig,
  { poolId }: Pick<Resource, 'poolId'>,
): boolean {
  return ((poolId === null ? undefined : byPool.get(poolId)) ?? otherwise) === 'drain';
}
