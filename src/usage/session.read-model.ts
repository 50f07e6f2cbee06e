import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../infra/database/database.service.js';
import { type Page, pageOf } from './cursor.js';
import type { RequestItem } from './request-item.js';
import { RequestReadModel } from './request.read-model.js';
import type { SessionItem } from './session-item.js';
import { SqlQuery } from './sql-query.js';

const COLUMNS = `"id", "caller_id", "name", "source", "parent_thread_id", "first_seen_at", "last_seen_at",
  "last_resource_id", "request_count", "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens",
  "reasoning_tokens", "total_tokens"`;
const DETAIL_REQUESTS = 500;

export interface SessionDetail {
  readonly session: SessionItem;
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
  }): Promise<Page<SessionItem>> {
    const query = new SqlQuery(this.database.dialect).after(filter.cursor, 'last_seen_at');
    const sql = `SELECT ${COLUMNS} FROM "sessions"${query.where} ORDER BY "last_seen_at" DESC, "id" DESC LIMIT ${query.param(filter.limit + 1)}`;
    const rows = await this.database.read<SessionItem>(sql, query.params);
    return pageOf(rows, filter.limit, (row) => ({ at: row.last_seen_at, id: row.id }));
  }

  /** Null when there is no such session. Should two callers use one name, the one seen last is meant. */
  async detail(id: string): Promise<SessionDetail | null> {
    const query = new SqlQuery(this.database.dialect).equal('id', id);
    const sql = `SELECT ${COLUMNS} FROM "sessions"${query.where} ORDER BY "last_seen_at" DESC LIMIT 1`;
    const [session] = await this.database.read<SessionItem>(sql, query.params);
    if (session === undefined) return null;
    const { rows } = await this.requests.list({ limit: DETAIL_REQUESTS, session_id: id });
    return { session, requests: rows.filter((row) => row.caller_id === session.caller_id) };
  }
}
