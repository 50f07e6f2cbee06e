import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { DatabaseConfig } from '../../config/app-config.js';
import { isMigrationsTableMissing } from './database-errors.js';
import { createDataSource, dataSourceOptions, STATEMENT_TIMEOUT_MS } from './data-source.js';

/** How long a process waits for another one that is migrating. */
const LOCK_WAIT_MS = 60_000;
const LOCK_POLL_MS = 100;
/** Any constant will do as long as every release uses the same. */
const LOCK_ID = 7_233_861_240_015;

/**
 * Brings the schema up to date; of any number of processes that start together one does the work, the others wait. A
 * schema that is up to date, or newer than this program, is left alone and locks nothing.
 */
export async function migrate(
  dataSource: DataSource,
  config: DatabaseConfig,
  lockWaitMs = LOCK_WAIT_MS,
): Promise<void> {
  if (!(await isBehind(dataSource))) return;
  if (config.kind === 'sqlite') await migrateSqlite(dataSource, lockWaitMs);
  else await migratePostgres(config, lockWaitMs);
}

function lockGivenUp(waitedMs: number, cause?: unknown): Error {
  return new Error(
    `The database must be migrated, and another process has had its lock for ${Math.round(waitedMs / 1000)} s; gave up. ` +
      'Let that one finish, or end it, and start again: a migration that was cut off leaves nothing behind.',
    { cause },
  );
}

/** Whether migrations of this program have not been run there. */
export async function isBehind(dataSource: DataSource): Promise<boolean> {
  try {
    const applied = await dataSource.query<{ name: string }[]>('SELECT "name" FROM "migrations"');
    const names = new Set(applied.map(({ name }) => name));
    return dataSource.migrations.some(({ name }) => name === undefined || !names.has(name));
  } catch (e: unknown) {
    if (isMigrationsTableMissing(e)) return true;
    throw e;
  }
}

/** One exclusive transaction around the lot: it is the lock, and half a migration cannot remain. */
async function migrateSqlite(dataSource: DataSource, lockWaitMs: number): Promise<void> {
  await beginExclusive(dataSource, lockWaitMs);
  try {
    await dataSource.runMigrations({ transaction: 'none' });
    await dataSource.query('COMMIT');
  } catch (e: unknown) {
    await dataSource.query('ROLLBACK').catch(() => undefined); // the first error is the one to tell
    throw e;
  }
}

/** Polls: SQLite's own waiting would hold a thread of the small pool that the holder of the lock may need. */
async function beginExclusive(dataSource: DataSource, lockWaitMs: number): Promise<void> {
  const deadline = performance.now() + lockWaitMs;
  await dataSource.query('PRAGMA busy_timeout = 20');
  for (;;) {
    try {
      await dataSource.query('BEGIN EXCLUSIVE');
      break;
    } catch (e: unknown) {
      if (!(e instanceof Error) || !e.message.includes('SQLITE_BUSY')) throw e;
      if (performance.now() > deadline) throw lockGivenUp(lockWaitMs, e);
      await sleep(LOCK_POLL_MS);
    }
  }
  await dataSource.query(`PRAGMA busy_timeout = ${STATEMENT_TIMEOUT_MS}`);
}

/** The lock has a connection of its own: it must outlive any failure of the migrating one and go when we go. */
async function migratePostgres(
  config: DatabaseConfig & { readonly kind: 'postgres' },
  lockWaitMs: number,
): Promise<void> {
  const lock = new pg.Client({
    connectionString: config.url.reveal(),
    connectionTimeoutMillis: STATEMENT_TIMEOUT_MS,
    application_name: 'responses-proxy migration',
    query_timeout: STATEMENT_TIMEOUT_MS,
    keepAlive: true,
  });
  lock.on('error', () => undefined); // a lost lock connection fails the query in flight; nothing more to do here
  await lock.connect();
  try {
    await acquire(lock, lockWaitMs);
    await runPatiently(config);
  } finally {
    await lock.end().catch(() => undefined); // ending the connection gives the lock back
  }
}

/** Not with the pool of the program: a new index on a large table takes longer than a statement of ours may. */
async function runPatiently(config: DatabaseConfig): Promise<void> {
  const options = dataSourceOptions(config);
  const migrator = createDataSource(
    options.type === 'postgres' ? { ...options, poolSize: 1, extra: { keepAlive: true } } : options,
  );
  await migrator.initialize();
  try {
    await migrator.runMigrations({ transaction: 'all' });
  } finally {
    await migrator.destroy();
  }
}

async function acquire(lock: pg.Client, lockWaitMs: number): Promise<void> {
  const deadline = performance.now() + lockWaitMs;
  for (;;) {
    const result = await lock.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
      LOCK_ID,
    ]);
    if (result.rows[0]?.locked === true) return;
    if (performance.now() > deadline) throw lockGivenUp(lockWaitMs);
    await sleep(LOCK_POLL_MS);
  }
}
