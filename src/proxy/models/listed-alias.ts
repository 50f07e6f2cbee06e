import { pinText } from '../../balancer/alias-scope.js';
import type { AliasPin } from '../../common/alias-pin.js';
import type { ClientKey } from '../../registry/client-key.entity.js';
import type { ModelAlias } from '../../registry/model-alias.entity.js';
import type { ModelDirectory } from '../../registry/model-directory.service.js';

/** A model as `GET /v1/models` lists it. */
export interface ModelObject {
  readonly id: string;
  readonly object: 'model';
  /** Epoch seconds. */
  readonly created: number;
  readonly owned_by: string;
}

export function modelObject({ alias, createdAt }: ModelAlias): ModelObject {
  return { id: alias, object: 'model', created: Math.floor(createdAt / 1_000), owned_by: 'responses-proxy' };
}

/** Whether a request of this key to this pool could name the alias. `poolId` is under the terms of the key already. */
export function mayName(
  key: Pick<ClientKey, 'allowedModels'> | null,
  poolId: string | null,
  pin: AliasPin,
): boolean {
  const allowed = key?.allowedModels ?? null;
  if (allowed !== null && !allowed.includes(pin.alias)) return false;
  return poolId === null || pinText(pin) === null || pin.poolId === poolId;
}

/** The aliases that a list for this key and this pool shows. */
export function listedAliases(
  models: Pick<ModelDirectory, 'enabled' | 'pinOf'>,
  key: Pick<ClientKey, 'allowedModels'> | null,
  poolId: string | null,
): ModelObject[] {
  const seen = models.enabled.filter(({ alias }) => {
    const pin = models.pinOf(alias);
    return pin !== null && mayName(key, poolId, pin);
  });
  return seen.map(modelObject);
}
