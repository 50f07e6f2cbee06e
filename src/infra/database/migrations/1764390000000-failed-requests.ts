import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Why requests failed is read for charts of weeks: from an index that holds the few that did, and not from their rows. */
export class FailedRequests1764390000000 implements MigrationInterface {
  readonly name = 'FailedRequests1764390000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      `CREATE INDEX "ix_requests_failed" ON "requests" ("state", "started_at", "id", "error_code", "counted")
        WHERE "state" IN ('failed', 'upstream_error', 'client_aborted', 'timeout', 'interrupted', 'rejected')`,
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX "ix_requests_failed"');
  }
}
