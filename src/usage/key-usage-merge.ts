import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../infra/database/column-types.js';
import { KEY_TOTALS, KEY_USAGE } from './key-usage-totals.js';
import { UNPRICED } from './session-totals.js';
import { SqlQuery } from './sql-query.js';
import type { SqlValue } from './sql-values.js';
import type { TableSpec } from './table-writer.js';

/** A process wrote to one database at a time: what two know of its day is the larger, until `recountKeyUsage` has looked. */
export const MERGED_KEY_USAGE: TableSpec = {
  ...KEY_USAGE,
  onConflict: `UPDATE SET ${KEY_TOTALS.map((total) => larger(total, 'excluded')).join(', ')}`,
};

const DAY = '"started_at" - "started_at" % 86400000';
const FINISHED = '"finish_rank" = 2';

/**
 * Raises the rows of these days to what their requests add up to, after requests of another database have joined them;
 * never lowers them, like `recountSessions`.
 */
export async function recountKeyUsage(
  runner: QueryRunner,
  dialect: Dialect,
  days: readonly (readonly [callerId: SqlValue, day: SqlValue, instanceId: SqlValue])[],
): Promise<void> {
  if (days.length === 0) return;
  const query = new SqlQuery(dialect);
  const times = days.map(([, day]) => Number(day));
  const [from, to] = [query.param(Math.min(...times)), query.param(Math.max(...times) + 86_400_000)];
  await runner.query(
    `UPDATE "key_usage" SET ${KEY_TOTALS.map((total) => larger(total, '"sum"')).join(', ')}
      FROM (SELECT "caller_id", "instance_id", ${DAY} AS "day",
          COUNT("resource_id") AS "requests",
          SUM(CASE WHEN ${FINISHED} THEN COALESCE("total_tokens", COALESCE("input_tokens", 0) + COALESCE("output_tokens", 0)) ELSE 0 END) AS "tokens",
          SUM(CASE WHEN ${FINISHED} THEN COALESCE("cost", 0) ELSE 0 END) AS "cost",
          COUNT(CASE WHEN ${FINISHED} AND ${UNPRICED} THEN 1 END) AS "unpriced_requests"
        FROM "requests" WHERE "started_at" >= ${from} AND "started_at" < ${to} AND "has_start" = 1
        GROUP BY 1, 2, 3) AS "sum"
      WHERE "key_usage"."caller_id" = "sum"."caller_id" AND "key_usage"."day" = "sum"."day"
        AND "key_usage"."instance_id" = "sum"."instance_id"`,
    query.params,
  );
}

function larger(total: string, source: string): string {
  const other = `${source}."${total}"`;
  return `"${total}" = CASE WHEN ${other} > "key_usage"."${total}" THEN ${other} ELSE "key_usage"."${total}" END`;
}
