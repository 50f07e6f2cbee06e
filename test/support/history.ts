import { join } from 'node:path';
import pg from 'pg';
import sqlite3 from 'sqlite3';
import type { TokenFields } from '../../src/usage/token-fields.js';
import type { ProxyProcess } from './proxy-process.js';
import { until } from './until.js';

/** A row of `requests` as SQL has it. */
export interface RequestRow extends TokenFields {
  readonly id: string;
  readonly state: string;
  readonly status_code: number | null;
  readonly resource_id: string | null;
  readonly session_id: string | null;
  readonly session_name: string | null;
  readonly session_source: string | null;
  readonly pool_id: string | null;
  readonly model: string | null;
  readonly path: string | null;
  readonly attempt_count: number | null;
  readonly error_code: string | null;
  readonly error_source: string | null;
  readonly response_id: string | null;
  readonly upstream_request_id: string | null;
  readonly request_bytes: number | null;
  readonly response_bytes: number | null;
  readonly first_byte_ms: number | null;
  readonly latency_ms: number | null;
  readonly cost: number | null;
}

/** Reads the product's tables behind its back. */
export class History {
  constructor(
    private readonly proxy: ProxyProcess,
    private readonly postgresUrl: string | null = null,
  ) {}

  /** `ORDER BY` for rows as they came. */
  get asTheyCame(): string {
    return this.postgresUrl === null ? 'rowid' : 'started_at, id';
  }

  rows<T>(sql: string): Promise<T[]> {
    return this.postgresUrl === null ? this.#sqlite<T>(sql) : this.#postgres<T>(sql, this.postgresUrl);
  }

  /** The row of one request once it has an end. */
  finished(requestId: string | null): Promise<RequestRow> {
    return until(
      async () => (await this.rows<RequestRow>(`SELECT * FROM requests WHERE id = '${requestId ?? ''}'`))[0],
      (row) => row !== undefined && row.state !== 'in_progress',
      { what: `finished row of ${requestId}` },
    ) as Promise<RequestRow>;
  }

  async #postgres<T>(sql: string, connectionString: string): Promise<T[]> {
    const client = new pg.Client({ connectionString });
    await client.connect();
    try {
      const { rows } = await client.query<Record<string, unknown>>(sql);
      return rows.map((row) => Object.fromEntries(Object.entries(row).map(([k, v]) => [k, plain(v)])) as T);
    } finally {
      await client.end();
    }
  }

  #sqlite<T>(sql: string): Promise<T[]> {
    return readSqlite<T>(join(this.proxy.dataDir, 'proxy.sqlite3'), sql);
  }
}

export function readSqlite<T>(path: string, sql: string): Promise<T[]> {
  return new Promise((resolve, reject) => {
    const db = new sqlite3.Database(path, sqlite3.OPEN_READONLY, (open) => {
      if (open) return reject(open);
      db.configure('busyTimeout', 3_000);
      db.all(sql, (error: Error | null, rows: T[]) =>
        db.close(() => (error ? reject(error) : resolve(rows))),
      );
    });
  });
}

/** As SQLite has them: `bigint` columns come as strings, and it has no truth values. */
function plain(value: unknown): unknown {
  if (typeof value === 'boolean') return Number(value);
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
}
