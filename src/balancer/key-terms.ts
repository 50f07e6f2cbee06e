import { ProxyError } from '../common/errors.js';
import { generates, type RoutingHints } from './routing-hints.js';

/** What a client key says of where its requests may go; null = anywhere. */
export interface KeyTerms {
  readonly allowedPools: readonly string[] | null;
  readonly allowedModels: readonly string[] | null;
}

/**
 * The pool that a caller's request goes to under the terms of its key. A key of one pool need not name it: agents
 * cannot be told to. Throws `forbidden`.
 */
export function poolUnderTerms(
  key: KeyTerms | null,
  asked: string | null,
  model: string | null,
): string | null {
  if (key === null) return asked;
  const { allowedPools } = key;
  checkModel(key, model);
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

/** Throws `forbidden` for a model that is not among those of the caller's key; null = none is named. */
export function checkModel(key: Pick<KeyTerms, 'allowedModels'> | null, model: string | null): void {
  const allowed = key?.allowedModels ?? null;
  if (allowed === null || model === null || allowed.includes(model)) return;
  throw new ProxyError(
    'forbidden',
    `Your client key may not use the model ${JSON.stringify(model)}; it may use ${allowed.join(', ')}.`,
    { param: 'model' },
  );
}

/** A prompt template of the account names a model of its own. Throws `forbidden` where the key may not use any it likes. */
export function checkModelNamed(key: Pick<KeyTerms, 'allowedModels'> | null, hints: RoutingHints): void {
  const allowed = key?.allowedModels ?? null;
  if (allowed === null || hints.model !== null || !generates(hints)) return;
  throw new ProxyError(
    'forbidden',
    `Your client key may use ${allowed.join(', ')} only: name one of them as the model.`,
    { param: 'model' },
  );
}
