import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../infra/database/database.service.js';
import { cacheHitRate } from './cache-hit-rate.js';
import { UNPRICED } from './session-totals.js';
import { SqlQuery } from './sql-query.js';
import { usd } from './usd.js';

export const USAGE_GROUPS = ['model', 'resource', 'session', 'key', 'hour'] as const;
export type UsageGroup = (typeof USAGE_GROUPS)[number];

const GROUP_SQL: Record<UsageGroup, string> = {
  // What was billed, not what was asked for, where the answer names it.
  model: 'COALESCE("served_model", "model")',
  resource: '"resource_id"',
  session: '"session_id"',
  key: '"caller_id"',
  hour: '"started_at" - "started_at" % 3600000',
};
const MAX_GROUPS = 500;

/** Requests and tokens of one group. */
export interface UsageItem {
  /** Model, resource id, session id, caller id, or the hour's first millisecond; null = not known. */
  readonly group: string | number | null;
  readonly requests: number;
  /** Of those, how many ended neither `completed` nor `incomplete` (running ones not counted). */
  readonly failed: number;
  /** Sums; null = no upstream answer has said anything. */
  readonly input_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly cache_write_tokens: number | null;
  readonly output_tokens: number | null;
  readonly reasoning_tokens: number | null;
  readonly total_tokens: number | null;
  /** Of the requests whose price was known; null = of none. */
  readonly cost_usd: number | null;
  /** Requests with tokens and no known price: what `cost_usd` lacks. */
  readonly unpriced_requests: number;
  /** `cached_tokens / input_tokens`, 0 to 1; null without input tokens, or when no answer told its cached ones. */
  readonly cache_hit_rate: number | null;
}

type RawUsage = Omit<UsageItem, 'cache_hit_rate' | 'cost_usd'> & { readonly cost: number | null };

/** Sums over the stored requests. Throws `database_unavailable` while there is no database. */
@Injectable()
export class UsageReadModel {
  constructor(private readonly database: DatabaseService) {}

  /** Busiest first, hours newest first; at most 500 groups unless told otherwise. */
  async list(filter: {
    readonly group_by: UsageGroup;
    readonly since?: number | null;
    /** Groups; null = all of them. */
    readonly limit?: number | null;
  }): Promise<{ rows: UsageItem[]; nextCursor: null }> {
    const query = new SqlQuery(this.database.dialect).from('started_at', filter.since);
    const order = filter.group_by === 'hour' ? '1 DESC' : '2 DESC, 1';
    const sql = `SELECT ${GROUP_SQL[filter.group_by]} AS "group", COUNT(*) AS "requests",
        SUM(CASE WHEN "state" IN ('completed', 'incomplete', 'in_progress') THEN 0 ELSE 1 END) AS "failed",
        SUM("input_tokens") AS "input_tokens", SUM("cached_tokens") AS "cached_tokens",
        SUM("cache_write_tokens") AS "cache_write_tokens", SUM("output_tokens") AS "output_tokens",
        SUM("reasoning_tokens") AS "reasoning_tokens", SUM("total_tokens") AS "total_tokens",
        SUM("cost") AS "cost", COUNT(CASE WHEN ${UNPRICED} THEN 1 END) AS "unpriced_requests"
      FROM "requests"${query.where} GROUP BY 1 ORDER BY ${order} ${limitOf(filter.limit)}`;
    const raw = await this.database.read<RawUsage>(sql, query.params);
    const rows = raw.map(({ cost, ...row }) => ({
      ...row,
      cost_usd: usd(cost),
      cache_hit_rate: cacheHitRate(row),
    }));
    return { rows, nextCursor: null };
  }
}

function limitOf(limit: number | null | undefined): string {
  return limit === null ? '' : `LIMIT ${limit ?? MAX_GROUPS}`;
}
