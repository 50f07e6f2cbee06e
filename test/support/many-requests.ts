import { HOUR_MS, recountHour } from '../../src/usage/hour-totals.js';
import { sumLatencies } from '../../src/usage/latency-hours.js';
import type { DatabaseService } from '../../src/infra/database/database.service.js';

/** In one statement, well below the time one may take. */
const CHUNK = 5_000;
export const REQUESTS_OF_A_SESSION = 20;
const RESOURCES = 8;
const DAY_MS = 86_400_000;

/** `count` requests over the 29 days before `now`, as a month of agents leaves them: 20 a session, one of 50 failed. */
export class ManyRequests {
  constructor(
    readonly count: number,
    readonly now: number,
  ) {}

  /** The n-th, from 0, the oldest. */
  id(n: number): string {
    return `req_${n.toString(16).padStart(32, '0')}`;
  }

  session(n: number): string {
    return `session-${Math.floor(n / REQUESTS_OF_A_SESSION)}`;
  }

  startedAt(n: number): number {
    return this.now - 29 * DAY_MS + n * this.stepMs;
  }

  get stepMs(): number {
    return Math.floor((29 * DAY_MS) / this.count);
  }

  /** Written by SQL itself: a million through the recorder would take an hour of a busy machine. */
  async write(service: DatabaseService): Promise<void> {
    const postgres = service.dialect === 'postgres';
    const id = postgres ? `'req_' || lpad(to_hex(n), 32, '0')` : `printf('req_%032x', n)`;
    for (let from = 0; from < this.count; from += CHUNK) {
      const series = (per: number): string =>
        `WITH RECURSIVE series(n) AS (SELECT ${Math.floor(from / per)} UNION ALL SELECT n + 1 FROM series WHERE n < ${Math.floor(
          (Math.min(from + CHUNK, this.count) - 1) / per,
        )})`;
      await service.transaction(async (runner) => {
        const into = (table: string, columns: Readonly<Record<string, string>>, per = 1): Promise<unknown> =>
          runner.query(
            `INSERT INTO "${table}" (${Object.keys(columns)
              .map((name) => `"${name}"`)
              .join(', ')}) ${series(per)} SELECT ${Object.values(columns).join(', ')} FROM series`,
          );
        await into('requests', this.#requests(id));
        await into('attempts', this.#attempts(id));
        await into('decisions', this.#decisions(id));
        await into('sessions', this.#sessions(), REQUESTS_OF_A_SESSION);
      });
    }
    const last = this.startedAt(this.count - 1);
    for (let hour = this.startedAt(0) - (this.startedAt(0) % HOUR_MS); hour <= last; hour += HOUR_MS)
      await service.transaction((runner) => recountHour(runner, service.dialect, hour));
    await sumLatencies(service, this.now, this.now);
    // As autovacuum does: covering indexes rest on it.
    for (const table of ['requests', 'sessions', 'decisions', 'usage_hours', 'latency_hours'])
      if (postgres) await service.dataSource.query(`VACUUM (ANALYZE) "${table}"`);
  }

  get #at(): string {
    return `CAST(${this.startedAt(0)} AS bigint) + n * CAST(${this.stepMs} AS bigint)`;
  }

  #requests(id: string): Record<string, string> {
    return {
      id,
      has_start: '1',
      finish_rank: '2',
      counted: '3',
      strings_cut: '0',
      state: `CASE WHEN n % 50 = 7 THEN 'upstream_error' ELSE 'completed' END`,
      status_code: `CASE WHEN n % 50 = 7 THEN 500 WHEN n % 100 = 9 THEN 429 ELSE 200 END`,
      instance_id: `'i1'`,
      caller_id: `'key_' || CAST(n / ${REQUESTS_OF_A_SESSION} % 5 AS text)`,
      session_id: `'session-' || CAST(n / ${REQUESTS_OF_A_SESSION} AS text)`,
      session_source: `'session-id'`,
      resource_id: `'openai-' || CAST(n / ${REQUESTS_OF_A_SESSION} % ${RESOURCES} + 1 AS text)`,
      model: `CASE WHEN n % 10 = 3 THEN 'gpt-5.5-mini' ELSE 'gpt-5.5' END`,
      served_model: `CASE WHEN n % 10 = 3 THEN 'gpt-5.5-mini-2026-08-07' ELSE 'gpt-5.5-2026-08-07' END`,
      method: `'POST'`,
      path: `'/v1/responses'`,
      stream: '1',
      transport: `'http'`,
      user_agent: `'codex_exec/0.169.0 (Debian 12.0.0; x86_64)'`,
      request_bytes: '40000 + n % 9000',
      started_at: this.#at,
      finished_at: `${this.#at} + 4000`,
      latency_ms: '4000',
      first_byte_ms: '700',
      attempt_count: '1',
      input_tokens: '20000',
      cached_tokens: '15000',
      output_tokens: '400',
      reasoning_tokens: '100',
      total_tokens: '20400',
      cost: '9000',
      response_bytes: '30000',
      response_id: `'resp_' || CAST(n AS text)`,
    };
  }

  #attempts(id: string): Record<string, string> {
    return {
      request_id: id,
      n: '1',
      resource_id: `'openai-1'`,
      class: `'ok'`,
      started_at: this.#at,
      duration_ms: '4000',
      bytes_sent: '40000',
      bytes_received: '30000',
    };
  }

  #decisions(id: string): Record<string, string> {
    return {
      id: `'dec_' || CAST(n AS text)`,
      request_id: id,
      attempt: '1',
      at: this.#at,
      session_id: `'session-' || CAST(n / ${REQUESTS_OF_A_SESSION} AS text)`,
      caller_id: `'key_1'`,
      affinity_class: `'soft'`,
      affinity_result: `'hit'`,
      resource_id: `'openai-' || CAST(n / ${REQUESTS_OF_A_SESSION} % ${RESOURCES} + 1 AS text)`,
      reason: `'affinity_hit'`,
      explanation: `'It served this conversation before (session).'`,
      candidates: `'[]'`,
    };
  }

  #sessions(): Record<string, string> {
    const last = `CAST(${this.startedAt(REQUESTS_OF_A_SESSION - 1)} AS bigint) + n * CAST(${this.stepMs * REQUESTS_OF_A_SESSION} AS bigint)`;
    const sum = (each: number): string => String(each * REQUESTS_OF_A_SESSION);
    return {
      id: `'session-' || CAST(n AS text)`,
      caller_id: `'key_' || CAST(n % 5 AS text)`,
      source: `'session-id'`,
      last_key: `'x'`,
      first_seen_at: `${last} - ${this.stepMs * (REQUESTS_OF_A_SESSION - 1)}`,
      last_seen_at: last,
      last_resource_id: `'openai-' || CAST(n % ${RESOURCES} + 1 AS text)`,
      request_count: String(REQUESTS_OF_A_SESSION),
      input_tokens: sum(20_000),
      cached_tokens: sum(15_000),
      output_tokens: sum(400),
      reasoning_tokens: sum(100),
      total_tokens: sum(20_400),
      cost: sum(9_000),
      unpriced_requests: '0',
      failed_requests: '0',
    };
  }
}
