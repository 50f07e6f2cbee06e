import type { MigrationInterface, QueryRunner } from 'typeorm';

/** What operators register: providers, models, client keys, and who changed what. */
export class Registry1764000000000 implements MigrationInterface {
  readonly name = 'Registry1764000000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of STATEMENTS) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of ['providers', 'models', 'client_keys', 'audit_entries'])
      await runner.query(`DROP TABLE "${table}"`);
  }
}

const STATEMENTS = [
  `CREATE TABLE "providers" (
    "id" text NOT NULL,
    "name" text NOT NULL,
    "provider_type" text NOT NULL,
    "base_url" text NOT NULL,
    "wire_api" text NOT NULL,
    "auth_type" text NOT NULL,
    "auth_header" text,
    "secret" text,
    "credential_ref" text,
    "health_path" text,
    "pool_id" text,
    "weight" integer NOT NULL,
    "organization" text,
    "max_concurrency" integer,
    "enabled" integer NOT NULL,
    "metadata" text,
    "created_at" bigint NOT NULL,
    "updated_at" bigint NOT NULL,
    CONSTRAINT "pk_providers" PRIMARY KEY ("id")
  )`,
  `CREATE TABLE "models" (
    "id" text NOT NULL,
    "alias" text NOT NULL,
    "display_name" text,
    "kind" text NOT NULL,
    "provider_id" text,
    "pool_id" text,
    "upstream_id" text NOT NULL,
    "fallbacks" text,
    "capabilities" text,
    "prices" text,
    "enabled" integer NOT NULL,
    "created_at" bigint NOT NULL,
    "updated_at" bigint NOT NULL,
    CONSTRAINT "pk_models" PRIMARY KEY ("id")
  )`,
  `CREATE TABLE "client_keys" (
    "id" text NOT NULL,
    "name" text NOT NULL,
    "digest" text NOT NULL,
    "prefix" text NOT NULL,
    "expires_at" bigint,
    "revoked_at" bigint,
    "allowed_pools" text,
    "allowed_models" text,
    "requests_per_minute" integer,
    "tokens_per_minute" bigint,
    "daily_tokens" bigint,
    "monthly_tokens" bigint,
    "daily_cost" bigint,
    "monthly_cost" bigint,
    "last_used_at" bigint,
    "created_at" bigint NOT NULL,
    CONSTRAINT "pk_client_keys" PRIMARY KEY ("id")
  )`,
  `CREATE TABLE "audit_entries" (
    "id" text NOT NULL,
    "at" bigint NOT NULL,
    "actor" text NOT NULL,
    "address" text,
    "action" text NOT NULL,
    "target_id" text NOT NULL,
    "changes" text NOT NULL,
    CONSTRAINT "pk_audit_entries" PRIMARY KEY ("id")
  )`,
  'CREATE UNIQUE INDEX "ux_providers_name" ON "providers" ("name")',
  'CREATE UNIQUE INDEX "ux_models_alias" ON "models" ("alias")',
  'CREATE UNIQUE INDEX "ux_client_keys_digest" ON "client_keys" ("digest")',
  'CREATE INDEX "ix_audit_entries_at_id" ON "audit_entries" ("at", "id")',
];
