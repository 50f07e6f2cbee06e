import { ProxyError } from '../common/errors.js';
import type { ClientKey } from '../registry/client-key.entity.js';

/**
 * The pool that a caller's request goes to under the terms of its key. A key of one pool need not name it: agents
 * cannot be told to. Throws `forbidden`.
 */
export function poolUnderTerms(
  key: ClientKey | null,
  asked: string | null,
  model: string | null,
): string | null {
  if (key === null) return asked;
  const { allowedPools, allowedModels } = key;
  if (allowedModels !== null && model !== null && !allowedModels.includes(model))
    throw new ProxyError(
      'forbidden',
      `Your client key may not use the model ${JSON.stringify(model)}; it may use ${allowedModels.join(', ')}.`,
      { param: 'model' },
    );
  if (allowedPools === null) return asked;
  const pool = asked ?? (allowedPools.length === 1 ? (allowedPools[0] ?? null) : null);
  if (pool !== null && allowedPools.includes(pool)) return pool;
  const names = allowedPools.join(', ');
  throw new ProxyError(
    'forbidden',
    pool === null
      ? `Your client key is for the pools ${names}; name one of them in the header X-Proxy-Pool-ID.`
      : `Your client key may not use the pool ${JSON.stringify(pool)}; it may use ${names}.`,
    { param: 'pool_id' },
  );
}
