import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { DataSource } from 'typeorm';
import type { DatabaseConfig } from '../../config/app-config.js';
import { STATEMENT_TIMEOUT_MS } from './data-source.js';

/** How long a process waits for another one that is migrating. */
const LOCK_WAIT_MS = 60_000;
const LOCK_POLL_MS = 100;
const LOCK_GIVEN_UP = `Another process has been migrating the database for ${LOCK_WAIT_MS / 1000} s; gave up.`;
/** Any constant will do as long as every release uses the same. */
const LOCK_ID = 7_233_861_240_015;

/** Brings the schema up to date; of any number of processes that start together one does the work, the others wait. */
export async function migrate(dataSource: DataSource, config: DatabaseConfig): Promise<void> {
  if (config.kind === 'sqlite') await migrateSqlite(dataSource);
  else await migratePostgres(dataSource, config.url.reveal());
}

/** One exclusive transaction around the lot: it is the lock, and half a migration cannot remain. */
async function migrateSqlite(dataSource: DataSource): Promise<void> {
  await beginExclusive(dataSource);
  try {
    await dataSource.runMigrations({ transaction: 'none' });
    await dataSource.query('COMMIT');
  } catch (e: unknown) {
    await dataSource.query('ROLLBACK').catch(() => undefined); // the first error is the one to tell
    throw e;
  }
}

/** Polls: SQLite's own waiting would hold a thread of the small pool that the holder of the lock may need. */
async function beginExclusive(dataSource: DataSource): Promise<void> {
  const deadline = performance.now() + LOCK_WAIT_MS;
  await dataSource.query('PRAGMA busy_timeout = 20');
  for (;;) {
    try {
      await dataSource.query('BEGIN EXCLUSIVE');
      break;
    } catch (e: unknown) {
      if (!(e instanceof Error) || !e.message.includes('SQLITE_BUSY')) throw e;
      if (performance.now() > deadline) throw new Error(LOCK_GIVEN_UP, { cause: e });
      await sleep(LOCK_POLL_MS);
    }
  }
  await dataSource.query(`PRAGMA busy_timeout = ${STATEMENT_TIMEOUT_MS}`);
}

/** The lock has a connection of its own: it must outlive any failure of the migrating one and go when we go. */
async function migratePostgres(dataSource: DataSource, url: string): Promise<void> {
  const lock = new pg.Client({ connectionString: url, connectionTimeoutMillis: STATEMENT_TIMEOUT_MS });
  lock.on('error', () => undefined); // a lost lock connection fails the query in flight; nothing more to do here
  await lock.connect();
  try {
    await acquire(lock);
    await dataSource.runMigrations({ transaction: 'all' });
  } finally {
    await lock.end().catch(() => undefined); // ending the connection gives the lock back
  }
}

async function acquire(lock: pg.Client): Promise<void> {
  const deadline = performance.now() + LOCK_WAIT_MS;
  for (;;) {
    const result = await lock.query<{ locked: boolean }>('SELECT pg_try_advisory_lock($1) AS locked', [
      LOCK_ID,
    ]);
    if (result.rows[0]?.locked === true) return;
    if (performance.now() > deadline)
      throw new Error(
        `Another process has been migrating the database for ${LOCK_WAIT_MS / 1000} s; gave up.`,
      );
    await sleep(LOCK_POLL_MS);
  }
}
