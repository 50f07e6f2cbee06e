import sqlite3 from 'sqlite3';
import type { DatabaseConfig } from '../../config/app-config.js';
import type { DatabaseService } from './database.service.js';
import { createDataSource, dataSourceOptions, dialectOf } from './data-source.js';

export interface ReadOnlyDatabase extends Pick<DatabaseService, 'dialect' | 'readPatiently'> {
  close(): Promise<void>;
}

/** Looks into a database as it is, whatever its schema: nothing is made and nothing is migrated. */
export async function openReadOnly(config: DatabaseConfig): Promise<ReadOnlyDatabase> {
  const options = dataSourceOptions(config);
  const source = createDataSource(
    options.type === 'sqlite' ? { ...options, flags: sqlite3.OPEN_READONLY } : options,
  );
  await source.initialize();
  return {
    dialect: dialectOf(source),
    readPatiently: (sql, params) => source.query(sql, [...params]),
    close: () => source.destroy(),
  };
}
