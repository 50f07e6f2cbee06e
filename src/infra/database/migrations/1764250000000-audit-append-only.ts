import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLE = '"audit_entries"';
const REFUSAL = 'audit_entries is append-only';

/**
 * The audit is only ever added to: the database itself refuses to change or remove an entry. Whoever owns the schema can
 * drop a trigger. A later migration that makes the table anew must make these anew, too: SQLite drops them with it.
 */
export class AuditAppendOnly1764250000000 implements MigrationInterface {
  readonly name = 'AuditAppendOnly1764250000000';

  async up(runner: QueryRunner): Promise<void> {
    for (const sql of runner.connection.options.type === 'postgres' ? POSTGRES : SQLITE)
      await runner.query(sql);
  }

  async down(runner: QueryRunner): Promise<void> {
    const postgres = runner.connection.options.type === 'postgres';
    const triggers = postgres ? ['change', 'truncate'] : ['update', 'delete', 'replace'];
    for (const name of triggers)
      await runner.query(`DROP TRIGGER "tr_audit_entries_no_${name}"${postgres ? ` ON ${TABLE}` : ''}`);
    if (postgres) await runner.query('DROP FUNCTION "refuse_audit_change"()');
  }
}

const SQLITE = [
  `CREATE TRIGGER "tr_audit_entries_no_update" BEFORE UPDATE ON ${TABLE}
    BEGIN SELECT RAISE(ABORT, '${REFUSAL}'); END`,
  `CREATE TRIGGER "tr_audit_entries_no_delete" BEFORE DELETE ON ${TABLE}
    BEGIN SELECT RAISE(ABORT, '${REFUSAL}'); END`,
  // REPLACE removes the old row without a word to the trigger above, by its id or by its rowid, which is -1 here where
  // the statement names none; the same entry once more may be passed over.
  `CREATE TRIGGER "tr_audit_entries_no_replace" BEFORE INSERT ON ${TABLE}
    WHEN EXISTS (SELECT 1 FROM ${TABLE} WHERE "id" = NEW."id" AND ("at" IS NOT NEW."at" OR "actor" IS NOT NEW."actor"
      OR "address" IS NOT NEW."address" OR "action" IS NOT NEW."action" OR "target_id" IS NOT NEW."target_id"
      OR "changes" IS NOT NEW."changes"))
      OR EXISTS (SELECT 1 FROM ${TABLE} WHERE rowid = NEW.rowid)
    BEGIN SELECT RAISE(ABORT, '${REFUSAL}'); END`,
];

const POSTGRES = [
  `CREATE FUNCTION "refuse_audit_change"() RETURNS trigger LANGUAGE plpgsql AS
    $$ BEGIN RAISE EXCEPTION '${REFUSAL}' USING ERRCODE = 'restrict_violation'; END $$`,
  `CREATE TRIGGER "tr_audit_entries_no_change" BEFORE UPDATE OR DELETE ON ${TABLE}
    FOR EACH ROW EXECUTE FUNCTION "refuse_audit_change"()`,
  `CREATE TRIGGER "tr_audit_entries_no_truncate" BEFORE TRUNCATE ON ${TABLE}
    FOR EACH STATEMENT EXECUTE FUNCTION "refuse_audit_change"()`,
];
