import sqlite3 from 'sqlite3';
import type { DataSource } from 'typeorm';
import type { DatabaseConfig } from '../../config/app-config.js';
import type { DatabaseService } from './database.service.js';
import { createDataSource, dataSourceOptions, dialectOf } from './data-source.js';
import { isBehind } from './migrate.js';

export interface ReadOnlyDatabase extends Pick<DatabaseService, 'dialect' | 'readPatiently'> {
  /** Whether its schema is that of an older version. */
  isBehind(): Promise<boolean>;
  close(): Promise<void>;
}

/**
 * Looks into a database as it is, whatever its schema: nothing is made and nothing is migrated, and the database refuses
 * to change anything. Somebody waits for the answer, however long it takes.
 */
export async function openReadOnly(config: DatabaseConfig): Promise<ReadOnlyDatabase> {
  const options = dataSourceOptions(config);
  const source = createDataSource(
    options.type === 'sqlite'
      ? { ...options, flags: sqlite3.OPEN_READONLY }
      : { ...options, extra: { ...options.extra, query_timeout: 0 } },
  );
  await source.initialize();
  return {
    dialect: dialectOf(source),
    readPatiently:
      options.type === 'sqlite'
        ? (sql, params) => source.query(sql, [...params])
        : (sql, params) => readInPostgres(source, sql, params),
    isBehind: () => isBehind(source),
    close: () => source.destroy(),
  };
}

/** Of the transaction alone: a pooler in between may give the connection to somebody who writes. */
async function readInPostgres<Row>(
  source: DataSource,
  sql: string,
  params: readonly unknown[],
): Promise<Row[]> {
  const runner = source.createQueryRunner();
  try {
    await runner.query('BEGIN READ ONLY');
    await runner.query('SET LOCAL statement_timeout = 0');
    return (await runner.query(sql, [...params])) as Row[];
  } finally {
    // Nothing was changed; also ends a transaction that has failed.
    await runner.query('ROLLBACK').catch(() => undefined);
    await runner.release();
  }
}
