import { Injectable } from '@nestjs/common';
import type { Dialect } from '../infra/database/column-types.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { cacheHitRate } from './cache-hit-rate.js';
import { AS_HOUR, HOUR_COLUMNS, HOUR_MS, HOUR_SUMS, SUMMED } from './hour-totals.js';
import { FAILED, FAILED_TOTAL, UNPRICED } from './session-totals.js';
import { SqlQuery } from './sql-query.js';
import type { UsageItem } from './usage-item.js';
import { usd } from './usd.js';

export const USAGE_GROUPS = ['model', 'resource', 'session', 'key', 'hour'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

const GROUP_SQL: Record<UsageGroup, string> = {
  model: `NULLIF("model", '')`,
  resource: `NULLIF("resource_id", '')`,
  session: '"session_id"',
  key: `NULLIF("caller_id", '')`,
  hour: '"hour"',
};
/** A session, and one request, with the names of `HOUR_SUMS`. */
const SESSION_SUMS = `"request_count" AS "requests", ${FAILED_TOTAL} AS "failed",
  COALESCE("unpriced_requests", 0) AS "unpriced_requests", ${SUMMED.map((column) => `"${column}"`).join(', ')}`;
const AS_REQUEST = `1 AS "requests", ${FAILED} AS "failed", CASE WHEN ${UNPRICED} THEN 1 ELSE 0 END AS "unpriced_requests",
  ${SUMMED.map((column) => `"${column}"`).join(', ')}`;
const MAX_GROUPS = 500;
/** A month and a little more. */
const MAX_HOURS = 750;

type RawUsage = Omit<UsageItem, 'cache_hit_rate' | 'cost_usd'> & { readonly cost: number | null };

/** Sums over the stored requests, exact to the millisecond of `since`. Throws `database_unavailable` while there is no database. */
@Injectable()
export class UsageReadModel {
  constructor(private readonly database: DatabaseService) {}

  /** Busiest first, sessions by tokens, hours newest first; at most 500 groups (750 hours) unless told otherwise. */
  async list(filter: {
    readonly group_by: UsageGroup;
    readonly since?: number | null;
    /** Groups; null = all of them. */
    readonly limit?: number | null;
  }): Promise<{ rows: UsageItem[]; nextCursor: null; truncated: boolean }> {
    const query = new SqlQuery(this.database.dialect);
    const since = filter.since ?? null;
    const source =
      filter.group_by === 'session'
        ? sessionParts(query, since, this.database.dialect)
        : hourParts(query, since);
    const limit = filter.limit === undefined ? limitOf(filter.group_by) : filter.limit;
    const sql = `SELECT ${GROUP_SQL[filter.group_by]} AS "group", ${HOUR_SUMS} FROM (${source}) AS "parts"
      GROUP BY 1 ORDER BY ${orderOf(filter.group_by)} ${limit === null ? '' : `LIMIT ${limit + 1}`}`;
    const raw = await this.database.read<RawUsage>(sql, query.params);
    const told = limit === null ? raw : raw.slice(0, limit);
    const rows = told.map(({ cost, ...row }) => ({
      ...row,
      cost_usd: usd(cost),
      cache_hit_rate: cacheHitRate(row),
    }));
    return { rows, nextCursor: null, truncated: told.length < raw.length };
  }
}

/** Whole hours by their sums; request by request what those do not hold, and the rest of an hour that began before. */
function hourParts(query: SqlQuery, since: number | null): string {
  const hours = `SELECT ${HOUR_COLUMNS.map((column) => `"${column}"`).join(', ')} FROM "usage_hours"`;
  const requests = `SELECT ${AS_HOUR} FROM "requests" WHERE`;
  if (since === null) return `${hours} UNION ALL ${requests} "counted" < 3`;
  const whole = Math.ceil(since / HOUR_MS) * HOUR_MS;
  const [from, to] = [query.param(since), query.param(whole)];
  return `${hours} WHERE "hour" >= ${to} UNION ALL ${requests} "counted" < 3 AND "started_at" >= ${from}
    UNION ALL ${requests} "counted" = 3 AND "started_at" >= ${from} AND "started_at" < ${to}`;
}

/**
 * Sessions by their own totals, which hold each request from its start on and outlive it. Of those that began before
 * `since` and go on after it, the requests that have started since. What belongs to no session is in none of them.
 */
function sessionParts(query: SqlQuery, since: number | null, dialect: Dialect): string {
  const totals = `SELECT "id" AS "session_id", ${SESSION_SUMS} FROM "sessions"`;
  if (since === null) return totals;
  const from = query.param(since);
  const begun = `SELECT "id" AS "begun_id", "caller_id" AS "begun_by" FROM "sessions"
    WHERE "last_seen_at" >= ${from} AND "first_seen_at" < ${from}`;
  // Session by session, each found by its index: a planner that thought otherwise would read all requests since then.
  const theirs = `"session_id" = "begun_id" AND "started_at" >= ${from} AND "has_start" = 1`;
  const requests =
    dialect === 'sqlite'
      ? `"requests" WHERE ${theirs} AND +"caller_id" = "begun_by"`
      : `LATERAL (SELECT * FROM "requests" WHERE ${theirs} AND "caller_id" = "begun_by" OFFSET 0) AS "since"`;
  return `${totals} WHERE "last_seen_at" >= ${from} AND "first_seen_at" >= ${from}
    UNION ALL SELECT "session_id", ${AS_REQUEST} FROM (${begun}) AS "begun" CROSS JOIN ${requests}`;
}

/** Busiest first; sessions by what they cost, as one request of theirs may be a hundred times another. */
function orderOf(group: UsageGroup): string {
  if (group === 'hour') return '1 DESC';
  return group === 'session' ? 'COALESCE(SUM("total_tokens"), 0) DESC, 2 DESC, 1' : '2 DESC, 1';
}

function limitOf(group: UsageGroup): number {
  return group === 'hour' ? MAX_HOURS : MAX_GROUPS;
}
