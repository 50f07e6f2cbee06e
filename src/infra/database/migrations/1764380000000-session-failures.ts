import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Failures in the totals of a session, its sub-agents by an index, and latencies by the hour, which retention sums. */
export class SessionFailures1764380000000 implements MigrationInterface {
  readonly name = 'SessionFailures1764380000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of STATEMENTS) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "latency_hours"');
    await runner.query('DROP INDEX "ix_sessions_parent_thread_id"');
    await runner.query('ALTER TABLE "sessions" DROP COLUMN "failed_requests"');
  }
}

const STATEMENTS = [
  'ALTER TABLE "sessions" ADD COLUMN "failed_requests" bigint',
  `UPDATE "sessions" SET "failed_requests" = "sum"."failed"
    FROM (SELECT "session_id", "caller_id", COUNT(*) AS "failed" FROM "requests"
      WHERE "session_id" IS NOT NULL AND "has_start" = 1
        AND "state" IN ('failed', 'upstream_error', 'client_aborted', 'timeout', 'interrupted', 'rejected')
      GROUP BY "session_id", "caller_id") AS "sum"
    WHERE "sessions"."id" = "sum"."session_id" AND "sessions"."caller_id" = "sum"."caller_id"`,
  `CREATE INDEX "ix_sessions_parent_thread_id" ON "sessions" ("parent_thread_id")
    WHERE "parent_thread_id" IS NOT NULL`,
  `CREATE TABLE "latency_hours" (
    "hour" bigint NOT NULL,
    "bucket" integer NOT NULL,
    "requests" bigint NOT NULL,
    CONSTRAINT "pk_latency_hours" PRIMARY KEY ("hour", "bucket")
  )`,
];
