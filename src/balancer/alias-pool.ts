import type { AliasPin } from '../common/alias-pin.js';
import { ProxyError } from '../common/errors.js';
import { pinText } from './alias-scope.js';
import { type KeyTerms, poolUnderTerms } from './key-terms.js';

/**
 * The pool a request goes to: the one it asks for, or the one its alias is pinned to, if the caller's key may use it.
 * A key's models are the names asked for. Throws `forbidden`, or `invalid_field` where request and alias disagree.
 */
export function poolOf(
  key: KeyTerms | null,
  asked: string | null,
  model: string | null,
  alias: AliasPin | null,
): string | null {
  const pin = alias === null ? null : pinText(alias);
  if (alias === null || pin === null) return poolUnderTerms(key, asked, model);
  if (asked !== null && asked !== alias.poolId)
    throw new ProxyError(
      'invalid_field',
      `"pool_id" asks for the pool "${asked}", and the model "${alias.alias}" is served by ${pin} alone; leave the pool out.`,
      { param: 'pool_id' },
    );
  const pool = poolUnderTerms(key, alias.poolId, model);
  if (pool === alias.poolId) return pool;
  throw new ProxyError(
    'forbidden',
    `Your client key is for the pool "${pool}", and the model "${alias.alias}" is served by ${pin}, which is not in it.`,
    { param: 'model' },
  );
}
