import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Requests of one client key are a page like any other. */
export class CallerIndex1764360000000 implements MigrationInterface {
  readonly name = 'CallerIndex1764360000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX "ix_requests_caller_id_started_at_id" ON "requests" ("caller_id", "started_at", "id")',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX "ix_requests_caller_id_started_at_id"');
  }
}
