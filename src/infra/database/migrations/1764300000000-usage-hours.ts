import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What the requests of an hour add up to, and the index of the few requests that it does not hold yet. */
export class UsageHours1764300000000 implements MigrationInterface {
  readonly name = 'UsageHours1764300000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of STATEMENTS) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX "ix_requests_not_counted"');
    await runner.query('DROP TABLE "usage_hours"');
  }
}

const STATEMENTS = [
  `CREATE TABLE "usage_hours" (
    "hour" bigint NOT NULL,
    "model" text NOT NULL,
    "resource_id" text NOT NULL,
    "caller_id" text NOT NULL,
    "requests" bigint NOT NULL,
    "failed" bigint NOT NULL,
    "input_tokens" bigint,
    "cached_tokens" bigint,
    "cache_write_tokens" bigint,
    "output_tokens" bigint,
    "reasoning_tokens" bigint,
    "total_tokens" bigint,
    "cost" bigint,
    "unpriced_requests" bigint NOT NULL,
    CONSTRAINT "pk_usage_hours" PRIMARY KEY ("hour", "model", "resource_id", "caller_id")
  )`,
  'CREATE INDEX "ix_requests_not_counted" ON "requests" ("started_at") WHERE "counted" < 3',
  `INSERT INTO "usage_hours" ("hour", "model", "resource_id", "caller_id", "requests", "failed", "unpriced_requests",
      "input_tokens", "cached_tokens", "cache_write_tokens", "output_tokens", "reasoning_tokens", "total_tokens", "cost")
    SELECT "started_at" - "started_at" % 3600000, COALESCE("served_model", "model", ''), COALESCE("resource_id", ''),
      COALESCE("caller_id", ''), COUNT(*),
      SUM(CASE WHEN "state" IN ('completed', 'incomplete') THEN 0 ELSE 1 END),
      SUM(CASE WHEN COALESCE("total_tokens", "input_tokens", "output_tokens") IS NOT NULL AND "cost" IS NULL THEN 1 ELSE 0 END),
      SUM("input_tokens"), SUM("cached_tokens"), SUM("cache_write_tokens"), SUM("output_tokens"),
      SUM("reasoning_tokens"), SUM("total_tokens"), SUM("cost")
    FROM "requests" WHERE "counted" = 3 GROUP BY 1, 2, 3, 4`,
];
