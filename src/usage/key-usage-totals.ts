import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../infra/database/column-types.js';
import { isUnpriced, type Uncounted } from './session-totals.js';
import type { SqlValue } from './sql-values.js';
import { sumsByKey } from './sums-by-key.js';
import { type TableSpec, upsertRows } from './table-writer.js';
import { utcDay } from './utc-day.js';

/** What is added up. */
export const KEY_TOTALS = ['requests', 'tokens', 'cost', 'unpriced_requests'] as const;

export const KEY_USAGE: TableSpec = {
  table: 'key_usage',
  columns: ['caller_id', 'day', 'instance_id', ...KEY_TOTALS],
  key: ['caller_id', 'day', 'instance_id'],
  onConflict: `UPDATE SET ${KEY_TOTALS.map((total) => `"${total}" = "key_usage"."${total}" + excluded."${total}"`).join(', ')}`,
};

/** Adds requests to what their callers used on their days, in the transaction that marked them as counted. */
export async function countKeyUsage(
  runner: QueryRunner,
  dialect: Dialect,
  rows: readonly Uncounted[],
): Promise<void> {
  const keyOf = (row: Uncounted): string =>
    [row.caller_id, utcDay(row.started_at), row.instance_id].join('\u0000');
  const sums = sumsByKey(rows, keyOf, sumOf);
  await upsertRows(
    runner,
    dialect,
    KEY_USAGE,
    sums.filter((row) => row.slice(3).some((value) => value !== 0)),
  );
}

function sumOf(group: readonly Uncounted[]): SqlValue[] {
  const [first] = group;
  const finished = group.filter((row) => row.finish_rank === 2);
  const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
  return [
    first?.caller_id ?? '',
    utcDay(first?.started_at ?? 0),
    first?.instance_id ?? '',
    group.filter((row) => row.counted === 0 && row.resource_id !== null).length,
    sum(finished.map(tokensOf)),
    sum(finished.map((row) => row.cost ?? 0)),
    finished.filter(isUnpriced).length,
  ];
}

function tokensOf(row: Uncounted): number {
  return row.total_tokens ?? (row.input_tokens ?? 0) + (row.output_tokens ?? 0);
}
