import { HOUR_MS } from './hour-totals.js';
import type { SqlQuery } from './sql-query.js';

/**
 * SELECT of the hours from `from` (null = the first) to `until`, their first milliseconds, that hold answers and are not in
 * the sums. From hour to hour by the index: its price is that of the hours, not of their requests.
 */
export function unsummedSql(query: SqlQuery, from: number | null, until: number): string {
  const [last, first] = [query.param(until), from === null ? '' : query.param(from)];
  const next = (after: string): string =>
    `(SELECT "started_at" - "started_at" % ${HOUR_MS} FROM "requests"${after} ORDER BY "started_at" LIMIT 1)`;
  return `WITH RECURSIVE "all" ("hour") AS (SELECT ${next(from === null ? '' : ` WHERE "started_at" >= ${first}`)} UNION ALL
      SELECT ${next(` WHERE "started_at" >= "all"."hour" + ${HOUR_MS}`)} FROM "all" WHERE "all"."hour" <= ${last})
    SELECT "hour" FROM "all" WHERE "hour" <= ${last}
      AND NOT EXISTS (SELECT 1 FROM "latency_hours" WHERE "latency_hours"."hour" = "all"."hour")
      AND EXISTS (SELECT 1 FROM "requests" WHERE "started_at" >= "all"."hour" AND "started_at" < "all"."hour" + ${HOUR_MS}
        AND "counted" = 3 AND "state" IN ('completed', 'incomplete') AND "latency_ms" IS NOT NULL)
    ORDER BY "hour"`;
}
