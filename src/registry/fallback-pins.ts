import type { AliasPin } from '../common/alias-pin.js';
import type { ModelDirectory } from './model-directory.service.js';

/** What a request for an alias is sent as instead, in order. A name that is no alias is the upstream's own. */
export function fallbackPins(models: Pick<ModelDirectory, 'find' | 'pinOf'>, name: string): AliasPin[] {
  const names = models.find(name)?.fallbacks ?? [];
  return names.map(
    (one) => models.pinOf(one) ?? { alias: one, upstreamId: one, resourceId: null, poolId: null },
  );
}
