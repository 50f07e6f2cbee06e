import { FAILED_STATES, WELL_STATES } from '../common/request-states.js';
import { HOUR_MS } from './hour-totals.js';
import { BUCKET } from './latency-hours.js';
import type { SqlQuery } from './sql-query.js';
import { listed } from './sql-values.js';

const CAUSE = `CASE WHEN "state" IN (${listed(WELL_STATES)}) THEN NULL ELSE COALESCE("error_code", "state") END`;
const NO_CAUSE = 'CAST(NULL AS text) AS "cause"';
const NO_BUCKET = 'CAST(NULL AS integer) AS "bucket"';
const SUMS = ['input_tokens', 'cached_tokens', 'output_tokens', 'cost'];
const ADDED = SUMS.map((column) => `SUM("${column}") AS "${column}"`).join(', ');
const NONE_ADDED = SUMS.map((column) => `CAST(NULL AS bigint) AS "${column}"`).join(', ');

/** Cells of slices, from the requests themselves. */
export function everyRequest(query: SqlQuery, stepMs: number, from: number, to: number): string {
  const { where } = query.from('started_at', from).before('started_at', to);
  return `SELECT ${slice('started_at', stepMs)} AS "at", ${CAUSE} AS "cause", ${BUCKET} AS "bucket", COUNT(*) AS "requests",
      COUNT(*) AS "timed", 0 AS "untold", ${ADDED}
    FROM "requests"${where} GROUP BY 1, 2, 3`;
}

/**
 * The same of whole hours, whose sums are there: `usage_hours` has everything but why requests failed, which are few
 * and read from an index of their own (`ix_requests_failed`), and how long they took, which `latency_hours` has for all but the last hours. One statement,
 * so that a request is in one of the parts and not in two. `untold` adds up, slice by slice, to the failures whose requests
 * have been pruned since.
 */
export function sumsOfHours(query: SqlQuery, stepMs: number, from: number, to: number): string {
  const [first, end] = [query.param(from), query.param(to)];
  const within = (column: string): string => `"${column}" >= ${first} AND "${column}" < ${end}`;
  const [at, hour] = [slice('started_at', stepMs), slice('hour', stepMs)];
  const unsummed = `(SELECT COALESCE(MAX("hour") + ${HOUR_MS}, 0) FROM "latency_hours")`;
  return `SELECT ${hour} AS "at", ${NO_CAUSE}, ${NO_BUCKET}, SUM("requests") - SUM("failed") AS "requests", 0 AS "timed",
        SUM("failed") AS "untold", ${ADDED}
      FROM "usage_hours" WHERE ${within('hour')} GROUP BY 1
    UNION ALL SELECT ${at}, COALESCE("error_code", "state"), ${NO_BUCKET}, COUNT(*), 0, -COUNT(*), ${NONE_ADDED}
      FROM "requests" WHERE "state" IN (${listed(FAILED_STATES)}) AND ${within('started_at')} AND "counted" = 3 GROUP BY 1, 2
    UNION ALL SELECT ${at}, ${CAUSE}, ${BUCKET}, COUNT(*), COUNT(*), 0, ${ADDED}
      FROM "requests" WHERE ${within('started_at')} AND "counted" < 3 GROUP BY 1, 2, 3
    UNION ALL SELECT ${hour}, ${NO_CAUSE}, "bucket", 0, SUM("requests"), 0, ${NONE_ADDED}
      FROM "latency_hours" WHERE ${within('hour')} GROUP BY 1, 3
    UNION ALL SELECT ${at}, ${NO_CAUSE}, ${BUCKET}, 0, COUNT(*), 0, ${NONE_ADDED}
      FROM "requests" WHERE ${within('started_at')} AND "started_at" >= ${unsummed} AND "counted" = 3
        AND "state" IN ('completed', 'incomplete') AND "latency_ms" IS NOT NULL GROUP BY 1, 3`;
}

function slice(column: string, stepMs: number): string {
  return `"${column}" - "${column}" % ${stepMs}`;
}
