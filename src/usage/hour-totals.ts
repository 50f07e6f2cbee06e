import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../infra/database/column-types.js';
import { FAILED, hasFailed, isUnpriced, sum, TOKENS, type Uncounted, UNPRICED } from './session-totals.js';
import { SqlQuery } from './sql-query.js';
import type { SqlValue } from './sql-values.js';
import { sumsByKey } from './sums-by-key.js';
import { type TableSpec, upsertRows } from './table-writer.js';

export const HOUR_MS = 3_600_000;
const HOUR = `"started_at" - "started_at" % ${HOUR_MS}`;

export const SUMMED = [...TOKENS, 'cost'] as const;
const KEY = ['hour', 'model', 'resource_id', 'caller_id'];
const COUNTS = ['requests', 'failed', 'unpriced_requests'];
/** In the order of `hourColumns`. */
export const HOUR_COLUMNS: readonly string[] = [...KEY, ...COUNTS, ...SUMMED];

/** Each request as a row of `usage_hours` for itself. */
export const AS_HOUR = [
  `${HOUR} AS "hour"`,
  // What was billed, not what was asked for, where the answer names it.
  `COALESCE("served_model", "model", '') AS "model"`,
  `COALESCE("resource_id", '') AS "resource_id"`,
  `COALESCE("caller_id", '') AS "caller_id"`,
  '1 AS "requests"',
  `${FAILED} AS "failed"`,
  `CASE WHEN ${UNPRICED} THEN 1 ELSE 0 END AS "unpriced_requests"`,
  ...SUMMED.map((column) => `"${column}"`),
].join(', ');

/** The sums of such rows. */
export const HOUR_SUMS = [...COUNTS, ...SUMMED].map((column) => `SUM("${column}") AS "${column}"`).join(', ');

export const USAGE_HOURS: TableSpec = {
  table: 'usage_hours',
  columns: HOUR_COLUMNS,
  key: KEY,
  onConflict: `UPDATE SET ${[...COUNTS.map(added), ...SUMMED.map(addedOrNull)].join(', ')}`,
};

function added(column: string): string {
  return `"${column}" = "usage_hours"."${column}" + excluded."${column}"`;
}

function addedOrNull(column: string): string {
  return `"${column}" = CASE WHEN excluded."${column}" IS NULL THEN "usage_hours"."${column}"
    ELSE COALESCE("usage_hours"."${column}", 0) + excluded."${column}" END`;
}

/** Adds those that have really finished to their hours, in the transaction that marked them as counted. */
export async function countHours(
  runner: QueryRunner,
  dialect: Dialect,
  rows: readonly Uncounted[],
): Promise<void> {
  const ended = rows.filter((row) => row.finish_rank === 2);
  const sums = sumsByKey(ended, (row) => JSON.stringify(keyOf(row)), sumOf);
  await upsertRows(runner, dialect, USAGE_HOURS, sums);
}

function keyOf(row: Uncounted): SqlValue[] {
  const hour = row.started_at - (row.started_at % HOUR_MS);
  return [hour, row.served_model ?? row.model ?? '', row.resource_id ?? '', row.caller_id];
}

function sumOf(group: readonly Uncounted[]): SqlValue[] {
  return [
    ...keyOf(group[0] as Uncounted),
    group.length,
    group.filter(hasFailed).length,
    group.filter(isUnpriced).length,
    ...SUMMED.map((column) => sum(group.map((row) => row[column]))),
  ];
}

/** Recorders wait, and what they have begun is over. SQLite has one writer anyway. */
export async function lockHours(runner: QueryRunner, dialect: Dialect): Promise<void> {
  if (dialect === 'postgres') await runner.query('LOCK TABLE "usage_hours" IN SHARE ROW EXCLUSIVE MODE');
}

/**
 * Makes the sums of an hour anew from its requests. A recorder that counts at the same time does so before or after: a
 * group that it adds between the two statements would be counted by both.
 */
export async function recountHour(runner: QueryRunner, dialect: Dialect, hour: number): Promise<void> {
  await lockHours(runner, dialect);
  const old = new SqlQuery(dialect).equal('hour', hour);
  await runner.query(`DELETE FROM "usage_hours"${old.where}`, old.params);
  const query = new SqlQuery(dialect).from('started_at', hour).before('started_at', hour + HOUR_MS);
  await runner.query(
    `INSERT INTO "usage_hours" (${HOUR_COLUMNS.map((column) => `"${column}"`).join(', ')})
      SELECT ${KEY.map((column) => `"${column}"`).join(', ')}, ${HOUR_SUMS}
      FROM (SELECT ${AS_HOUR} FROM "requests"${query.where} AND "counted" = 3) AS "finished" GROUP BY 1, 2, 3, 4
      ON CONFLICT (${KEY.map((column) => `"${column}"`).join(', ')}) DO ${USAGE_HOURS.onConflict}`,
    query.params,
  );
}
