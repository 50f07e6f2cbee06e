import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The tables of the first release. `text`, `integer` and `bigint` mean the same to both dialects; only binary data differs. */
export class Initial1763870000000 implements MigrationInterface {
  readonly name = 'Initial1763870000000';

  async up(runner: QueryRunner): Promise<void> {
    const postgres = runner.connection.options.type === 'postgres';
    for (const sql of statements(postgres ? 'bytea' : 'blob')) await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) await runner.query(`DROP TABLE "${table}"`);
  }
}

const TABLES = [
  'requests',
  'sessions',
  'attempts',
  'decisions',
  'bodies',
  'events',
  'affinity_bindings',
  'resource_identities',
];

function statements(blob: 'blob' | 'bytea'): string[] {
  return [...CREATE_TABLES.map((sql) => sql.replace('<blob>', blob)), ...CREATE_INDEXES];
}

const CREATE_TABLES = [
  `CREATE TABLE "requests" (
    "id" text NOT NULL,
    "has_start" integer NOT NULL,
    "finish_rank" integer NOT NULL,
    "counted" integer NOT NULL,
    "strings_cut" integer NOT NULL,
    "state" text NOT NULL,
    "instance_id" text,
    "caller_id" text,
    "session_id" text,
    "session_name" text,
    "session_source" text,
    "thread_id" text,
    "parent_thread_id" text,
    "pool_id" text,
    "model" text,
    "method" text,
    "path" text,
    "stream" integer,
    "transport" text,
    "user_agent" text,
    "request_bytes" bigint,
    "started_at" bigint NOT NULL,
    "resource_id" text,
    "finished_at" bigint,
    "latency_ms" bigint,
    "first_byte_ms" bigint,
    "status_code" integer,
    "error_code" text,
    "error_message" text,
    "error_source" text,
    "attempt_count" integer,
    "input_tokens" bigint,
    "cached_tokens" bigint,
    "cache_write_tokens" bigint,
    "output_tokens" bigint,
    "reasoning_tokens" bigint,
    "total_tokens" bigint,
    "response_bytes" bigint,
    "response_id" text,
    "upstream_request_id" text,
    "served_model" text,
    CONSTRAINT "pk_requests" PRIMARY KEY ("id")
  )`,
  `CREATE TABLE "sessions" (
    "id" text NOT NULL,
    "caller_id" text NOT NULL,
    "name" text,
    "name_key" text,
    "source" text,
    "parent_thread_id" text,
    "last_key" text NOT NULL,
    "first_seen_at" bigint NOT NULL,
    "last_seen_at" bigint NOT NULL,
    "last_resource_id" text,
    "resource_key" text,
    "request_count" bigint NOT NULL,
    "input_tokens" bigint,
    "cached_tokens" bigint,
    "cache_write_tokens" bigint,
    "output_tokens" bigint,
    "reasoning_tokens" bigint,
    "total_tokens" bigint,
    CONSTRAINT "pk_sessions" PRIMARY KEY ("id", "caller_id")
  )`,
  `CREATE TABLE "attempts" (
    "request_id" text NOT NULL,
    "n" integer NOT NULL,
    "resource_id" text NOT NULL,
    "class" text NOT NULL,
    "status" integer,
    "error" text,
    "started_at" bigint NOT NULL,
    "duration_ms" bigint NOT NULL,
    "bytes_sent" bigint NOT NULL,
    "bytes_received" bigint NOT NULL,
    CONSTRAINT "pk_attempts" PRIMARY KEY ("request_id", "n")
  )`,
  `CREATE TABLE "decisions" (
    "id" text NOT NULL,
    "request_id" text NOT NULL,
    "attempt" integer NOT NULL,
    "at" bigint NOT NULL,
    "session_id" text,
    "caller_id" text NOT NULL,
    "pool_id" text,
    "model" text,
    "affinity_class" text NOT NULL,
    "affinity_kind" text,
    "affinity_result" text NOT NULL,
    "resource_id" text,
    "reason" text NOT NULL,
    "explanation" text NOT NULL,
    "candidates" text NOT NULL,
    CONSTRAINT "pk_decisions" PRIMARY KEY ("id")
  )`,
  `CREATE TABLE "bodies" (
    "request_id" text NOT NULL,
    "direction" text NOT NULL,
    "at" bigint NOT NULL,
    "content_type" text,
    "content_encoding" text,
    "size" bigint NOT NULL,
    "captured_size" bigint NOT NULL,
    "truncated" integer NOT NULL,
    "codec" text NOT NULL,
    "content" <blob> NOT NULL,
    CONSTRAINT "pk_bodies" PRIMARY KEY ("request_id", "direction")
  )`,
  `CREATE TABLE "events" (
    "id" text NOT NULL,
    "at" bigint NOT NULL,
    "kind" text NOT NULL,
    "severity" text NOT NULL,
    "resource_id" text,
    "request_id" text,
    "message" text NOT NULL,
    "data" text NOT NULL,
    CONSTRAINT "pk_events" PRIMARY KEY ("id")
  )`,
  `CREATE TABLE "affinity_bindings" (
    "caller_id" text NOT NULL,
    "kind" text NOT NULL,
    "id" text NOT NULL,
    "fingerprint" text NOT NULL,
    "organization" text,
    "bound_at" bigint NOT NULL,
    "expires_at" bigint NOT NULL,
    CONSTRAINT "pk_affinity_bindings" PRIMARY KEY ("caller_id", "kind", "id")
  )`,
  `CREATE TABLE "resource_identities" (
    "fingerprint" text NOT NULL,
    "resource_id" text NOT NULL,
    "organization" text,
    "first_seen_at" bigint NOT NULL,
    "last_seen_at" bigint NOT NULL,
    CONSTRAINT "pk_resource_identities" PRIMARY KEY ("fingerprint")
  )`,
];

const CREATE_INDEXES = [
  'CREATE INDEX "ix_requests_started_at_id" ON "requests" ("started_at", "id")',
  'CREATE INDEX "ix_requests_session_id_started_at_id" ON "requests" ("session_id", "started_at", "id")',
  'CREATE INDEX "ix_requests_resource_id_started_at_id" ON "requests" ("resource_id", "started_at", "id")',
  'CREATE INDEX "ix_requests_status_code_started_at_id" ON "requests" ("status_code", "started_at", "id")',
  'CREATE INDEX "ix_requests_model_started_at_id" ON "requests" ("model", "started_at", "id")',
  'CREATE INDEX "ix_requests_state_started_at_id" ON "requests" ("state", "started_at", "id")',
  'CREATE INDEX "ix_sessions_last_seen_at_id" ON "sessions" ("last_seen_at", "id")',
  'CREATE INDEX "ix_attempts_started_at" ON "attempts" ("started_at")',
  'CREATE INDEX "ix_decisions_at_id" ON "decisions" ("at", "id")',
  'CREATE INDEX "ix_decisions_session_id_at_id" ON "decisions" ("session_id", "at", "id")',
  'CREATE INDEX "ix_decisions_resource_id_at_id" ON "decisions" ("resource_id", "at", "id")',
  'CREATE INDEX "ix_decisions_request_id_attempt" ON "decisions" ("request_id", "attempt")',
  'CREATE INDEX "ix_bodies_at" ON "bodies" ("at")',
  'CREATE INDEX "ix_events_at_id" ON "events" ("at", "id")',
  'CREATE INDEX "ix_affinity_bindings_bound_at" ON "affinity_bindings" ("bound_at")',
  'CREATE INDEX "ix_affinity_bindings_expires_at" ON "affinity_bindings" ("expires_at")',
  'CREATE UNIQUE INDEX "ux_resource_identities_resource_id" ON "resource_identities" ("resource_id")',
];
