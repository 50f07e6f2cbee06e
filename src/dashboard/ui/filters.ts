import { getQuery } from './router.js';

const PER_PAGE = '100';

/** Names that the API takes as they stand in the address, and how many rows: the address may say that, too. */
export function listQuery(names: readonly string[], perPage = PER_PAGE): string {
  const query = new URLSearchParams({ limit: getQuery('limit') || perPage });
  for (const name of names) {
    const value = getQuery(name);
    if (value !== '') query.set(name, value);
  }
  return query.toString();
}

/** Whether the list is of a part only: an empty one then says nothing about the rest. */
export function isNarrowed(names: readonly string[]): boolean {
  return names.some((name) => getQuery(name) !== '');
}
