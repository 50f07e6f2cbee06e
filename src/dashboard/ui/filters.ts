import { getQuery, type QueryValues } from './router.js';

/** Names that the API takes as they stand in the address. */
export function queryOf(names: readonly string[], extra: QueryValues = {}): string {
  const query = new URLSearchParams();
  for (const name of names) {
    const value = getQuery(name);
    if (value !== '') query.set(name, value);
  }
  for (const [name, value] of Object.entries(extra)) if (value !== null) query.set(name, String(value));
  return query.toString();
}

export const REQUEST_STATES = [
  'in_progress',
  'completed',
  'incomplete',
  'failed',
  'upstream_error',
  'client_aborted',
  'timeout',
  'interrupted',
  'rejected',
] as const;
