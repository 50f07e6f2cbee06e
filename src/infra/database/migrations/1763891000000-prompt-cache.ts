import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What a session has cached with its key, and what a move of it cost; unknown for all that is there already. */
export class PromptCache1763891000000 implements MigrationInterface {
  readonly name = 'PromptCache1763891000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "affinity_bindings" ADD COLUMN "cached_tokens" bigint');
    await runner.query('ALTER TABLE "decisions" ADD COLUMN "cached_tokens_at_stake" bigint');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "decisions" DROP COLUMN "cached_tokens_at_stake"');
    await runner.query('ALTER TABLE "affinity_bindings" DROP COLUMN "cached_tokens"');
  }
}
