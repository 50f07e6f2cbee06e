import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { HOUR_MS } from './hour-totals.js';
import { SqlQuery } from './sql-query.js';
import { unsummedSql } from './unsummed-sql.js';

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** An hour is summed when it is over, by a run an hour. */
const SUMMED_WITHIN_MS = 3 * HOUR_MS;
/** Of the newest: what is wrong now, at the same price however long the history is. */
const SAMPLE = 1_000;

/** Of one key. */
interface Endings {
  readonly resourceId: string | null;
  readonly state: string;
  readonly requests: number;
  readonly withoutTokens: number;
}

export interface HistoryHealth {
  readonly newestAt: number | null;
  /** The oldest request, where it should be gone since more than a day. */
  readonly overdueAt: number | null;
  readonly endings: readonly Endings[];
  readonly unfinished: number;
  readonly bodies: number;
  readonly truncatedBodies: number;
}

/** The hours with answered requests that the sums of hours should hold since hours, and do not. */
export interface UnsummedSpan {
  /** First millisecond of the first. */
  readonly first: number | null;
  readonly hours: number;
}

interface Span {
  readonly newest: number | null;
  readonly oldest: number | null;
  readonly unfinished: number;
}

/** What the newest rows tell about the health of the history itself. Throws `database_unavailable` without a database. */
@Injectable()
export class DiagnosisReadModel {
  constructor(
    private readonly database: DatabaseService,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  async read(now: number): Promise<HistoryHealth> {
    const [span, endings, bodies] = await Promise.all([this.#span(now), this.#endings(), this.#bodies()]);
    const due = now - (this.config.retention.days + 1) * DAY_MS;
    return {
      newestAt: span.newest,
      overdueAt: span.oldest !== null && span.oldest < due ? span.oldest : null,
      endings,
      unfinished: span.unfinished,
      ...bodies,
    };
  }

  async #span(now: number): Promise<Span> {
    const query = new SqlQuery(this.database.dialect);
    const longAgo = now - this.config.upstream.totalTimeoutMs - MINUTE_MS;
    const sql = `SELECT (SELECT MAX("started_at") FROM "requests") AS "newest",
      (SELECT MIN("started_at") FROM "requests") AS "oldest",
      (SELECT COUNT(*) FROM (SELECT "id" FROM "requests" WHERE "state" = 'in_progress'
        AND "started_at" < ${query.param(longAgo)} LIMIT ${SAMPLE}) AS "old") AS "unfinished"`;
    const [row] = await this.database.read<Span>(sql, query.params);
    return row ?? { newest: null, oldest: null, unfinished: 0 };
  }

  /** For somebody who waits, and apart from the rest: it takes the longer the more hours there are. */
  unsummed(now: number): Promise<UnsummedSpan> {
    return this.#unsummed(now, (sql, params) => this.database.read(sql, params));
  }

  unsummedPatiently(now: number): Promise<UnsummedSpan> {
    return this.#unsummed(now, (sql, params) => this.database.readPatiently(sql, params));
  }

  async #unsummed(
    now: number,
    read: (sql: string, params: readonly unknown[]) => Promise<UnsummedSpan[]>,
  ): Promise<UnsummedSpan> {
    const query = new SqlQuery(this.database.dialect);
    const hours = unsummedSql(query, null, now - SUMMED_WITHIN_MS);
    const sql = `SELECT MIN("hour") AS "first", COUNT(*) AS "hours" FROM (${hours}) AS "unsummed"`;
    const [row] = await read(sql, query.params);
    return row ?? { first: null, hours: 0 };
  }

  #endings(): Promise<Endings[]> {
    return this.database.read(
      `SELECT "resource_id" AS "resourceId", "state", COUNT(*) AS "requests",
        SUM(CASE WHEN "total_tokens" IS NULL AND "input_tokens" IS NULL AND "output_tokens" IS NULL THEN 1 ELSE 0 END) AS "withoutTokens"
       FROM (SELECT * FROM "requests" ORDER BY "started_at" DESC, "id" DESC LIMIT ${SAMPLE}) AS "newest"
       WHERE "path" = '/v1/responses' AND ("status_code" IS NULL OR "status_code" < 400) GROUP BY "resource_id", "state"`,
      [],
    );
  }

  async #bodies(): Promise<Pick<HistoryHealth, 'bodies' | 'truncatedBodies'>> {
    const [row] = await this.database.read<{ bodies: number; truncated: number | null }>(
      `SELECT COUNT(*) AS "bodies", SUM("truncated") AS "truncated"
       FROM (SELECT "truncated" FROM "bodies" ORDER BY "at" DESC LIMIT ${SAMPLE}) AS "newest"`,
      [],
    );
    return { bodies: row?.bodies ?? 0, truncatedBodies: row?.truncated ?? 0 };
  }
}
