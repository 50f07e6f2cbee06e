import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A request is found by what others call it: the id of its response, and the upstream's id of the request. The upstream
 * chooses both; what is longer than any id would not fit into an index of Postgres.
 */
export class RequestNames1764400000000 implements MigrationInterface {
  readonly name = 'RequestNames1764400000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS)
      await runner.query(
        `CREATE INDEX "ix_requests_${column}" ON "requests" ("${column}") WHERE length("${column}") <= 512`,
      );
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const column of COLUMNS) await runner.query(`DROP INDEX "ix_requests_${column}"`);
  }
}

const COLUMNS = ['response_id', 'upstream_request_id'];
