import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../infra/database/database.service.js';
import { unpackBody } from './body-codec.js';
import type { CapturedBodyItem } from './captured-body-item.js';
import { type Page, pageOf } from './cursor.js';
import type { DecisionItem } from './decision-item.js';
import { DecisionReadModel } from './decision.read-model.js';
import { outcomeFilters } from './outcome-filters.js';
import type { AttemptItem, BodyItem, RequestItem } from './request-item.js';
import { retryText } from './retry-reason.js';
import { type ExactFilter, SqlQuery } from './sql-query.js';
import { usd } from './usd.js';

const COLUMNS = `"id", "session_id", "session_name", "session_source", "thread_id", "parent_thread_id", "caller_id", "resource_id", "pool_id", "model", "served_model",
  "method", "path", "stream", "transport", "state", "status_code", "error_code", "error_message", "error_source",
  "started_at", "finished_at", "latency_ms", "first_byte_ms", "attempt_count" AS "attempts", "input_tokens",
  "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "total_tokens", "cost", "request_bytes",
  "response_bytes", "response_id", "upstream_request_id", "user_agent"`;

/** All optional filters are joined by AND. */
export interface RequestFilter {
  readonly limit: number;
  /** Its own id, that of its response, or the upstream's. */
  readonly request_id?: string | null;
  readonly session_id?: string | null;
  readonly resource_id?: string | null;
  readonly caller_id?: string | null;
  readonly status_code?: number | null;
  readonly model?: string | null;
  /** Epoch ms, inclusive, against `started_at`. */
  readonly since?: number | null;
  readonly state?: string | null;
  readonly cursor?: string | null;
}

export interface RequestDetail {
  readonly request: RequestItem;
  readonly attempts: AttemptItem[];
  /** In order of the attempts. */
  readonly decisions: DecisionItem[];
  readonly bodies: BodyItem[];
}

interface RawRequest extends Omit<RequestItem, 'stream' | 'cost_usd'> {
  readonly cost: number | null;
  readonly stream: number | null;
}

interface RawBody extends Omit<BodyItem, 'truncated'> {
  readonly truncated: number;
}

/** Requests, newest first. Every call throws `database_unavailable` while there is no database. */
@Injectable()
export class RequestReadModel {
  constructor(
    private readonly database: DatabaseService,
    private readonly decisions: DecisionReadModel,
  ) {}

  async list(filter: RequestFilter): Promise<Page<RequestItem>> {
    const query = new SqlQuery(this.database.dialect)
      .called('id', filter.request_id)
      .exact(exactFilters(filter))
      .from('started_at', filter.since)
      .after(filter.cursor, 'started_at');
    const sql = `SELECT ${COLUMNS} FROM "requests"${query.where} ORDER BY "started_at" DESC, "id" DESC LIMIT ${query.param(filter.limit + 1)}`;
    const rows = await this.database.read<RawRequest>(sql, query.params);
    return pageOf(rows.map(itemOf), filter.limit, (row) => ({ at: row.started_at, id: row.id }));
  }

  /** Null when there is no such request. */
  async detail(id: string): Promise<RequestDetail | null> {
    const query = new SqlQuery(this.database.dialect).equal('id', id);
    const [raw] = await this.database.read<RawRequest>(
      `SELECT ${COLUMNS} FROM "requests"${query.where}`,
      query.params,
    );
    if (raw === undefined) return null;
    const byRequest = new SqlQuery(this.database.dialect).equal('request_id', id);
    const attempts = await this.database.read<Omit<AttemptItem, 'retry_text'>>(
      `SELECT "n", "resource_id", "class", "status", "error", "started_at", "duration_ms", "bytes_sent",
         "bytes_received", "retry_reason"
       FROM "attempts"${byRequest.where} ORDER BY "n"`,
      byRequest.params,
    );
    return {
      request: itemOf(raw),
      attempts: attempts.map((row) => ({ ...row, retry_text: retryText(row.retry_reason) })),
      decisions: await this.decisions.ofRequest(id),
      bodies: await this.#bodies(id),
    };
  }

  /** Null when nothing was captured, or it has been pruned. */
  async body(id: string, direction: 'request' | 'response'): Promise<CapturedBodyItem | null> {
    const query = new SqlQuery(this.database.dialect).equal('request_id', id).equal('direction', direction);
    const [raw] = await this.database.read<RawBody & { codec: string; content: Buffer }>(
      `SELECT ${BODY_COLUMNS}, "codec", "content" FROM "bodies"${query.where}`,
      query.params,
    );
    if (raw === undefined) return null;
    const { codec, content, ...meta } = raw;
    return { ...bodyOf(meta), content: await unpackBody(codec, content, meta.captured_size) };
  }

  async #bodies(id: string): Promise<BodyItem[]> {
    const query = new SqlQuery(this.database.dialect).equal('request_id', id);
    const rows = await this.database.read<RawBody>(
      `SELECT ${BODY_COLUMNS} FROM "bodies"${query.where} ORDER BY "direction"`,
      query.params,
    );
    return rows.map(bodyOf);
  }
}

const BODY_COLUMNS = '"direction", "content_type", "content_encoding", "size", "captured_size", "truncated"';

/** The one that leaves the fewest rows first, as far as that can be told. */
function exactFilters(filter: RequestFilter): ExactFilter[] {
  const { session_id, resource_id, caller_id, model } = filter;
  const { rare, usual } = outcomeFilters(filter);
  return [
    ['session_id', session_id],
    ...rare,
    ['caller_id', caller_id],
    ['resource_id', resource_id],
    ['model', model],
    ...usual,
  ];
}

function itemOf({ cost, ...raw }: RawRequest): RequestItem {
  return { ...raw, cost_usd: usd(cost), stream: raw.stream === null ? null : raw.stream === 1 };
}

function bodyOf(raw: RawBody): BodyItem {
  return { ...raw, truncated: raw.truncated === 1 };
}
