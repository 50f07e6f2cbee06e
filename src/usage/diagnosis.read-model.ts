import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { HOUR_MS } from './hour-totals.js';
import { SqlQuery } from './sql-query.js';

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
  /** The first hour with answered requests that the sums of hours should hold since hours, and do not; and how many. */
  readonly unsummedAt: number | null;
  readonly unsummedHours: number;
  readonly endings: readonly Endings[];
  readonly unfinished: number;
  readonly bodies: number;
  readonly truncatedBodies: number;
}

interface UnsummedSpan {
  /** Its first millisecond. */
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
    const [span, unsummed, endings, bodies] = await Promise.all([
      this.#span(now),
      this.unsummed(now),
      this.#endings(),
      this.#bodies(),
    ]);
    const due = now - (this.config.retention.days + 1) * DAY_MS;
    return {
      newestAt: span.newest,
      overdueAt: span.oldest !== null && span.oldest < due ? span.oldest : null,
      unsummedAt: unsummed.first,
      unsummedHours: unsummed.hours,
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

  /** From hour to hour by the index: its price is that of the hours, not of their requests. */
  async unsummed(now: number): Promise<UnsummedSpan> {
    const query = new SqlQuery(this.database.dialect);
    const until = query.param(now - SUMMED_WITHIN_MS);
    const next = (from: string): string =>
      `(SELECT "started_at" - "started_at" % ${HOUR_MS} FROM "requests"${from} ORDER BY "started_at" LIMIT 1)`;
    const sql = `WITH RECURSIVE "all" ("hour") AS (SELECT ${next('')} UNION ALL
        SELECT ${next(` WHERE "started_at" >= "all"."hour" + ${HOUR_MS}`)} FROM "all" WHERE "all"."hour" <= ${until})
      SELECT MIN("hour") AS "first", COUNT(*) AS "hours" FROM "all" WHERE "hour" <= ${until}
        AND NOT EXISTS (SELECT 1 FROM "latency_hours" WHERE "latency_hours"."hour" = "all"."hour")
        AND EXISTS (SELECT 1 FROM "requests" WHERE "started_at" >= "all"."hour" AND "started_at" < "all"."hour" + ${HOUR_MS}
          AND "counted" = 3 AND "state" IN ('completed', 'incomplete') AND "latency_ms" IS NOT NULL)`;
    const [row] = await this.database.read<UnsummedSpan>(sql, query.params);
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
