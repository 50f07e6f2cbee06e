import { createHash } from 'node:crypto';
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../src/infra/database/migrations.js';
import { ResourceIdentity } from '../src/resources/resource-identity.entity.js';
import { RETENTION_RULES } from '../src/usage/retention-rules.js';
import { databaseService, openDatabase, tempDir } from './support/database.js';
import { stopPostgres } from './support/postgres.js';

afterAll(stopPostgres);

describe.each(['sqlite', 'postgres'] as const)('migrations on %s', (dialect) => {
  it('leave nothing for TypeORM to change', async () => {
    const db = await openDatabase(dialect);
    const { upQueries } = await db.service.dataSource.driver.createSchemaBuilder().log();
    expect(upQueries.map((query) => query.query)).toEqual([]);
    await db.close();
  });

  it('can be taken back', async () => {
    const db = await openDatabase(dialect);
    const source = db.service.dataSource;
    for (const _ of MIGRATIONS) await source.undoLastMigration();
    expect(await source.query('SELECT * FROM migrations')).toEqual([]);
    expect(await source.runMigrations()).toHaveLength(MIGRATIONS.length);
    await db.close();
  });

  it('run once when five processes start together', async () => {
    const first = await openDatabase(dialect);
    for (const _ of MIGRATIONS) await first.service.dataSource.undoLastMigration();
    await first.service.dataSource.query('DROP TABLE migrations');
    const others = Array.from({ length: 5 }, () => databaseService(first.config));
    await Promise.all(others.map((service) => service.connect()));
    expect(others.map((service) => service.lastError)).toEqual(others.map(() => null));
    const rows = await first.service.dataSource.query('SELECT name FROM migrations');
    expect(rows).toHaveLength(MIGRATIONS.length);
    await Promise.all(others.map((service) => service.close()));
    await first.close();
  });

  it('refuses a condition that is undefined instead of matching every row', async () => {
    const db = await openDatabase(dialect);
    const repository = db.service.dataSource.getRepository('ResourceIdentity');
    await expect(repository.findOneBy({ fingerprint: undefined })).rejects.toThrow(/undefined/i);
    await db.close();
  });
});

describe.each(['sqlite', 'postgres'] as const)('the audit on %s', (dialect) => {
  const entry = (changes: string): string =>
    `VALUES ('aud_1', 1, 'local', NULL, 'provider.created', 'p', '${changes}')`;

  it('is only ever added to, whoever asks the database for more', async () => {
    const db = await openDatabase(dialect);
    const source = db.service.dataSource;
    await source.query(`INSERT INTO audit_entries ${entry('{}')}`);
    const [columns, others] = [
      'id, at, actor, action, target_id, changes',
      "'aud_2', 1, 'x', 'y', 'z', '{}'",
    ];
    const forgeries = [
      "UPDATE audit_entries SET actor = 'command'",
      'UPDATE audit_entries SET id = id',
      'DELETE FROM audit_entries',
      `INSERT INTO audit_entries ${entry('{"a":1}')} ON CONFLICT (id) DO UPDATE SET changes = excluded.changes`,
      ...(dialect === 'sqlite'
        ? [
            `INSERT OR REPLACE INTO audit_entries ${entry('{"a":1}')}`,
            `INSERT OR REPLACE INTO audit_entries (rowid, ${columns}) VALUES (1, ${others})`,
          ]
        : ['TRUNCATE audit_entries']),
    ];
    for (const sql of forgeries)
      await expect(source.query(sql), sql).rejects.toThrow('audit_entries is append-only');
    expect(RETENTION_RULES.map(({ table }) => table)).not.toContain('audit_entries');
    // As rows are moved in from another database, twice.
    await source.query(`INSERT INTO audit_entries ${entry('{}')} ON CONFLICT DO NOTHING`);
    expect(await source.query('SELECT id, actor, changes FROM audit_entries')).toEqual([
      { id: 'aud_1', actor: 'local', changes: '{}' },
    ]);
    await db.close();
  });
});

describe.each(['sqlite', 'postgres'] as const)('transactions on %s', (dialect) => {
  const identity = (n: number) => ({
    fingerprint: `f${n}`,
    resourceId: `openai-${n}`,
    organization: null,
    firstSeenAt: 1,
    lastSeenAt: 2 ** 52 + n,
  });

  it('commit as a whole or not at all, also through the entity manager, one after the other', async () => {
    const db = await openDatabase(dialect);
    const save = (n: number, fail: boolean) =>
      db.service.transaction(async ({ manager }) => {
        await manager.save(ResourceIdentity, identity(n));
        if (fail) throw new Error('changed my mind');
      });
    const results = await Promise.allSettled([save(1, false), save(2, true), save(3, false)]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    const repository = db.service.dataSource.getRepository(ResourceIdentity);
    expect(await repository.find({ order: { fingerprint: 'ASC' } })).toEqual([identity(1), identity(3)]);
    await db.close();
  });
});

describe('SQLite file', () => {
  it('that is damaged refuses to open, names the repair and stays untouched', async () => {
    const dir = tempDir();
    const path = join(dir.path, 'proxy.sqlite3');
    const config = { kind: 'sqlite', path, origin: 'test' } as const;
    const first = databaseService(config);
    await first.connect();
    await first.close();
    const fd = openSync(path, 'r+');
    writeSync(fd, Buffer.alloc(4096, 0xa5), 0, 4096, 4096 * 2);
    closeSync(fd);
    const before = hashOf(path);

    const second = databaseService(config);
    await expect(second.connect()).rejects.toThrow(/damaged.*cp <backup>.*\.recover/s);
    await second.close();
    expect(hashOf(path)).toBe(before);
    dir.remove();
  });

  it('uses WAL, waits for locks and syncs only at checkpoints', async () => {
    const db = await openDatabase('sqlite');
    const pragma = async (name: string) =>
      Object.values((await db.service.dataSource.query(`PRAGMA ${name}`))[0] as object)[0];
    expect(await pragma('journal_mode')).toBe('wal');
    expect(await pragma('busy_timeout')).toBe(5000);
    expect(await pragma('synchronous')).toBe(1);
    expect(await pragma('foreign_keys')).toBe(1);
    await db.close();
  });
});

function hashOf(path: string): string {
  return createHash('sha256').update(readFileSync(path)).digest('hex');
}
