import { ProxyError } from '../common/errors.js';
import type { ModelAlias } from './model-alias.entity.js';

/** What somebody says of an alias. */
export type ModelTerms = Omit<ModelAlias, 'id' | 'createdAt' | 'updatedAt'>;

/** Whoever pins an alias anew means the new pin instead of the old one, of whichever form. */
export function withChanges(before: ModelTerms, changed: Partial<ModelTerms>): ModelTerms {
  const { providerId, poolId } = changed;
  const unpinned = {
    ...(typeof providerId === 'string' && poolId === undefined ? { poolId: null } : {}),
    ...(typeof poolId === 'string' && providerId === undefined ? { providerId: null } : {}),
  };
  return { ...before, ...unpinned, ...changed };
}

/** Throws `invalid_parameter` that names the field. What one field alone can say wrong has been checked before. */
export function checkModelTerms(terms: ModelTerms): void {
  const { alias, fallbacks, providerId, poolId } = terms;
  if (providerId !== null && poolId !== null)
    throw invalid('pool_id', 'Give either provider_id or pool_id, not both: an alias has one pin.');
  if (fallbacks === null) return;
  if (fallbacks.includes(alias)) throw invalid('fallbacks', 'fallbacks must not hold the alias itself.');
  if (new Set(fallbacks).size !== fallbacks.length)
    throw invalid('fallbacks', 'fallbacks must not hold a name twice.');
}

export function invalid(param: string, message: string): ProxyError {
  return new ProxyError('invalid_parameter', message, { param });
}
