import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../infra/database/column-types.js';
import { SqlQuery } from './sql-query.js';
import { SESSION_FACTS, SESSIONS, TOKENS, UNPRICED, FAILED } from './session-totals.js';
import type { SqlValue } from './sql-values.js';
import type { TableSpec } from './table-writer.js';

const larger = (column: string, other: string) =>
  `"${column}" = CASE WHEN "sessions"."${column}" IS NULL OR ${other} > "sessions"."${column}" THEN ${other}
    ELSE "sessions"."${column}" END`;
const SUMS = [...TOKENS, 'cost'];
const TOTALS = ['request_count', ...SUMS, 'unpriced_requests', 'failed_requests'];

/** A session that two databases know: the later facts, and the larger totals until `recountSessions` has looked. */
export const MERGED_SESSIONS: TableSpec = {
  ...SESSIONS,
  onConflict: `UPDATE SET ${[...SESSION_FACTS, ...TOTALS.map((total) => larger(total, `excluded."${total}"`))].join(', ')}`,
};

const COUNTED = [
  'COUNT(*) AS "request_count"',
  ...SUMS.map((column) => `SUM(CASE WHEN "finish_rank" = 2 THEN "${column}" END) AS "${column}"`),
  `COUNT(CASE WHEN "finish_rank" = 2 AND ${UNPRICED} THEN 1 END) AS "unpriced_requests"`,
  `SUM(${FAILED}) AS "failed_requests"`,
].join(', ');

/**
 * Raises the totals of sessions to what their requests add up to, after requests of another database have joined them.
 * Never lowers them: totals outlive pruned requests. The rows of the sessions must be locked: a recorder that counts at
 * the same time then does so before or after, and not in between.
 */
export async function recountSessions(
  runner: QueryRunner,
  dialect: Dialect,
  sessions: readonly (readonly [id: SqlValue, callerId: SqlValue])[],
): Promise<void> {
  if (sessions.length === 0) return;
  const query = new SqlQuery(dialect);
  const keys = sessions.map(([id, callerId]) => `(${query.param(id)}, ${query.param(callerId)})`).join(', ');
  await runner.query(
    `UPDATE "sessions" SET ${TOTALS.map((total) => larger(total, `"sum"."${total}"`)).join(', ')}
      FROM (SELECT "session_id", "caller_id", ${COUNTED} FROM "requests"
        WHERE ("session_id", "caller_id") IN (VALUES ${keys}) AND "has_start" = 1
        GROUP BY "session_id", "caller_id") AS "sum"
      WHERE "sessions"."id" = "sum"."session_id" AND "sessions"."caller_id" = "sum"."caller_id"`,
    query.params,
  );
}
