import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Why another attempt followed one, or none did; unknown for those that are there already. */
export class RetryReason1764200000000 implements MigrationInterface {
  readonly name = 'RetryReason1764200000000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "attempts" ADD COLUMN "retry_reason" text');
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "attempts" DROP COLUMN "retry_reason"');
  }
}
