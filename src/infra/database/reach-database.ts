import { existsSync } from 'node:fs';
import pg from 'pg';
import sqlite3 from 'sqlite3';
import type { DatabaseConfig } from '../../config/app-config.js';

const PATIENCE_MS = 3_000;

/** Whether the database can be used, without making or changing anything: why not, or null. Never throws. */
export function reachDatabase(config: DatabaseConfig): Promise<string | null> {
  return config.kind === 'postgres' ? reachPostgres(config.url.reveal()) : reachSqlite(config.path);
}

async function reachPostgres(connectionString: string): Promise<string | null> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: PATIENCE_MS,
    query_timeout: PATIENCE_MS,
    application_name: 'responses-proxy-doctor',
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query('SELECT 1');
    return null;
  } catch (e: unknown) {
    return reasonOf(e);
  } finally {
    await client.end().catch(() => undefined);
  }
}

/** A file that is not there yet will be made. */
function reachSqlite(path: string): Promise<string | null> {
  if (!existsSync(path)) return Promise.resolve(null);
  return new Promise((resolve) => {
    const db: sqlite3.Database = new sqlite3.Database(path, sqlite3.OPEN_READONLY, (error) => {
      if (error !== null) return resolve(error.message);
      db.get('SELECT COUNT(*) FROM sqlite_master', (failure) => {
        db.close(() => resolve(failure?.message ?? null));
      });
    });
  });
}

/** Several addresses of one name fail together, without a message of their own. */
function reasonOf(e: unknown): string {
  if (e instanceof AggregateError && e.message === '') return reasonOf(e.errors[0]);
  return e instanceof Error ? e.message : String(e);
}
