import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What decisions can be filtered by, they are looked up by. */
export class DecisionFilters1764370000000 implements MigrationInterface {
  readonly name = 'DecisionFilters1764370000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(
      'CREATE INDEX "ix_decisions_caller_id_at_id" ON "decisions" ("caller_id", "at", "id")',
    );
    await runner.query('CREATE INDEX "ix_decisions_model_at_id" ON "decisions" ("model", "at", "id")');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP INDEX "ix_decisions_model_at_id"');
    await runner.query('DROP INDEX "ix_decisions_caller_id_at_id"');
  }
}
