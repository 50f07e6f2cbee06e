import { Injectable } from '@nestjs/common';
import type { Dialect } from '../infra/database/column-types.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { cacheHitRate, type PromptTokens } from './cache-hit-rate.js';
import { type Page, pageOf } from './cursor.js';
import type { RequestItem } from './request-item.js';
import { RequestReadModel } from './request.read-model.js';
import type { SessionItem, SessionResourceItem } from './session-item.js';
import { FAILED_TOTAL } from './session-totals.js';
import { SqlQuery } from './sql-query.js';
import { usd } from './usd.js';

const COLUMNS = `"id", "caller_id", "name", "source", "parent_thread_id", "first_seen_at", "last_seen_at",
  "last_resource_id", "request_count", "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens",
  "reasoning_tokens", "total_tokens", "cost", COALESCE("unpriced_requests", 0) AS "unpriced_requests",
  ${FAILED_TOTAL} AS "failed_requests"`;
const DETAIL_REQUESTS = 500;
const CHILDREN = 100;
/** Follow-ups about stored answers, models and the like warm no cache. */
const RAN_THE_MODEL = `"path" IN ('/v1/responses', '/v1/responses/compact') AND "resource_id" IS NOT NULL`;

type RawSession = Omit<SessionItem, 'cache_hit_rate' | 'cost_usd'> & { readonly cost: number | null };
type RawResource = Omit<SessionResourceItem, 'cache_hit_rate'>;

export interface SessionsById {
  readonly limit: number;
  /** Epoch ms, inclusive, against `last_seen_at`. */
  readonly since: number | null;
  /** The last of the page before. */
  readonly after: Pick<SessionItem, 'id' | 'caller_id'> | undefined;
}

export interface SessionDetail {
  readonly session: SessionItem;
  /** How often a request went to another resource than the one before it, among those not pruned yet. */
  readonly moves: number;
  /** In the order of their first requests. */
  readonly resources: SessionResourceItem[];
  /** Sessions of its caller that its threads started, last seen first; at most 100. */
  readonly children: SessionItem[];
  /** Its requests, newest first; at most 500, the rest through the request list with `session_id`. */
  readonly requests: RequestItem[];
}

/** Sessions, last seen first. Every call throws `database_unavailable` while there is no database. */
@Injectable()
export class SessionReadModel {
  constructor(
    private readonly database: DatabaseService,
    private readonly requests: RequestReadModel,
  ) {}

  async list(filter: {
    readonly limit: number;
    readonly cursor?: string | null;
    /** Epoch ms, inclusive, against `last_seen_at`. */
    readonly since?: number | null;
  }): Promise<Page<SessionItem>> {
    const query = new SqlQuery(this.database.dialect)
      .from('last_seen_at', filter.since)
      .after(filter.cursor, 'last_seen_at');
    const sql = `SELECT ${COLUMNS} FROM "sessions"${query.where} ORDER BY "last_seen_at" DESC, "id" DESC LIMIT ${query.param(filter.limit + 1)}`;
    const rows = await this.database.read<RawSession>(sql, query.params);
    return pageOf(rows.map(itemOf), filter.limit, (row) => ({ at: row.last_seen_at, id: row.id }));
  }

  /** All of them in an order that does not change while they are read; patiently. */
  async byId({ limit, since, after }: SessionsById): Promise<SessionItem[]> {
    const query = new SqlQuery(this.database.dialect).from('last_seen_at', since).behind(after);
    const sql = `SELECT ${COLUMNS} FROM "sessions"${query.where} ORDER BY "id", "caller_id" LIMIT ${query.param(limit)}`;
    return (await this.database.readPatiently<RawSession>(sql, query.params)).map(itemOf);
  }

  /** Null when there is no such session. Should two callers use one name, the one seen last is meant. */
  async detail(id: string): Promise<SessionDetail | null> {
    const query = new SqlQuery(this.database.dialect).equal('id', id);
    const sql = `SELECT ${COLUMNS} FROM "sessions"${query.where} ORDER BY "last_seen_at" DESC LIMIT 1`;
    const [session] = await this.database.read<RawSession>(sql, query.params);
    if (session === undefined) return null;
    const { rows } = await this.requests.list({ limit: DETAIL_REQUESTS, session_id: id });
    const requests = rows.filter((row) => row.caller_id === session.caller_id);
    return {
      session: itemOf(session),
      moves: await this.#moves(session),
      resources: await this.#resources(session),
      children: await this.#children(session, requests),
      requests,
    };
  }

  /** A parent is named by its thread, which is mostly called as its session is. The plus: looked up by parent, not by time. */
  async #children({ id, caller_id }: RawSession, requests: readonly RequestItem[]): Promise<SessionItem[]> {
    const threads = new Set([id, ...requests.flatMap(({ thread_id }) => thread_id ?? [])]);
    const query = new SqlQuery(this.database.dialect).equal('caller_id', caller_id);
    const names = [...threads].map((thread) => query.param(thread)).join(', ');
    const sql = `SELECT ${COLUMNS} FROM "sessions"${query.where} AND "parent_thread_id" IN (${names})
      AND "id" <> ${query.param(id)} ORDER BY +"last_seen_at" DESC LIMIT ${CHILDREN}`;
    return (await this.database.read<RawSession>(sql, query.params)).map(itemOf);
  }

  async #moves({ id, caller_id }: RawSession): Promise<number> {
    const query = ofSession(this.database.dialect, { id, caller_id });
    const [row] = await this.database.read<{ moves: number }>(
      `SELECT COUNT(*) AS "moves" FROM (
         SELECT "resource_id", LAG("resource_id") OVER (ORDER BY "started_at", "id") AS "before"
         FROM "requests"${query.where} AND ${RAN_THE_MODEL}) AS "placed"
       WHERE "before" <> "resource_id"`,
      query.params,
    );
    return row?.moves ?? 0;
  }

  async #resources({ id, caller_id }: RawSession): Promise<SessionResourceItem[]> {
    const query = ofSession(this.database.dialect, { id, caller_id });
    const rows = await this.database.read<RawResource>(
      `SELECT "resource_id", COUNT(*) AS "requests", MIN("started_at") AS "first_at", MAX("started_at") AS "last_at",
         SUM("input_tokens") AS "input_tokens", SUM("cached_tokens") AS "cached_tokens",
         SUM("cache_write_tokens") AS "cache_write_tokens"
       FROM "requests"${query.where} AND ${RAN_THE_MODEL} GROUP BY "resource_id" ORDER BY 3, 1`,
      query.params,
    );
    return rows.map(rated);
  }
}

/** By the session: of a caller there may be half of the history. */
function ofSession(dialect: Dialect, { id, caller_id }: Pick<RawSession, 'id' | 'caller_id'>): SqlQuery {
  return new SqlQuery(dialect).exact([
    ['session_id', id],
    ['caller_id', caller_id],
  ]);
}

function itemOf({ cost, parent_thread_id: parent, ...raw }: RawSession): SessionItem {
  // Versions before took the parent of the last request, which may be a sub-agent within the session.
  return { ...rated(raw), parent_thread_id: parent === raw.id ? null : parent, cost_usd: usd(cost) };
}

function rated<T extends PromptTokens>(row: T): T & { readonly cache_hit_rate: number | null } {
  return { ...row, cache_hit_rate: cacheHitRate(row) };
}
