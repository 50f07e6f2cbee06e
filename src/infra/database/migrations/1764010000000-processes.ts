import { randomUUID } from 'node:crypto';
import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Which database this is, and which processes use it: for telling that two of them do not belong together. */
export class Processes1764010000000 implements MigrationInterface {
  readonly name = 'Processes1764010000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`CREATE TABLE "database_identity" (
      "id" text NOT NULL,
      "created_at" bigint NOT NULL,
      CONSTRAINT "pk_database_identity" PRIMARY KEY ("id")
    )`);
    // A version 4 UUID and a number need no quoting, and parameters are spelled differently in the two dialects.
    await runner.query(
      `INSERT INTO "database_identity" ("id", "created_at") VALUES ('db_${randomUUID()}', ${Date.now()})`,
    );
    await runner.query(`CREATE TABLE "processes" (
      "instance_id" text NOT NULL,
      "role" text NOT NULL,
      "version" text NOT NULL,
      "host" text NOT NULL,
      "started_at" bigint NOT NULL,
      "seen_at" bigint NOT NULL,
      "store_id" text,
      CONSTRAINT "pk_processes" PRIMARY KEY ("instance_id")
    )`);
    await runner.query('CREATE INDEX "ix_processes_seen_at" ON "processes" ("seen_at")');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE "processes"');
    await runner.query('DROP TABLE "database_identity"');
  }
}
