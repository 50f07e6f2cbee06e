import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What requests cost, and what each client key has used on each day. */
export class Prices1764100000000 implements MigrationInterface {
  readonly name = 'Prices1764100000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of STATEMENTS) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "key_usage"');
    await runner.query('ALTER TABLE "sessions" DROP COLUMN "unpriced_requests"');
    await runner.query('ALTER TABLE "sessions" DROP COLUMN "cost"');
    await runner.query('ALTER TABLE "requests" DROP COLUMN "cost"');
  }
}

const STATEMENTS = [
  'ALTER TABLE "requests" ADD COLUMN "cost" bigint',
  'ALTER TABLE "sessions" ADD COLUMN "cost" bigint',
  'ALTER TABLE "sessions" ADD COLUMN "unpriced_requests" bigint',
  // What was counted before there were prices lacks all of them: at most so many requests.
  'UPDATE "sessions" SET "unpriced_requests" = "request_count" WHERE "total_tokens" IS NOT NULL',
  `CREATE TABLE "key_usage" (
    "caller_id" text NOT NULL,
    "day" bigint NOT NULL,
    "instance_id" text NOT NULL,
    "requests" bigint NOT NULL,
    "tokens" bigint NOT NULL,
    "cost" bigint NOT NULL,
    "unpriced_requests" bigint NOT NULL,
    CONSTRAINT "pk_key_usage" PRIMARY KEY ("caller_id", "day", "instance_id")
  )`,
  'CREATE INDEX "ix_key_usage_day" ON "key_usage" ("day")',
];
