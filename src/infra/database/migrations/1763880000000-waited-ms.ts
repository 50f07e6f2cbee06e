import type { MigrationInterface, QueryRunner } from 'typeorm';

/** How long a request waited for a place before its decision; unknown for those that are there already. */
export class WaitedMs1763880000000 implements MigrationInterface {
  readonly name = 'WaitedMs1763880000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "decisions" ADD COLUMN "waited_ms" integer');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "decisions" DROP COLUMN "waited_ms"');
  }
}
