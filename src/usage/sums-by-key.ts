import type { SqlValue } from './sql-values.js';

/** One row for each group of rows with the same key, in the order of the keys: two writers then lock in one order. */
export function sumsByKey<T>(
  rows: readonly T[],
  keyOf: (row: T) => string,
  sumOf: (group: readonly T[]) => SqlValue[],
): SqlValue[][] {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const key = keyOf(row);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [row]);
    else group.push(row);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, group]) => sumOf(group));
}
