import pg from 'pg';
import sqlite3 from 'sqlite3';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { ColumnType } from 'typeorm';
import type { DatabaseConfig } from '../../config/app-config.js';
import { ENTITIES } from '../../entities.js';
import type { Dialect } from './column-types.js';
import { MIGRATIONS } from './migrations.js';

/** A statement that has not come back after this long is given up: history waits, admin answers 503. */
export const STATEMENT_TIMEOUT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 3_000;
const POOL_SIZE = 8;

const COMMON = {
  entities: ENTITIES,
  migrations: MIGRATIONS,
  migrationsTableName: 'migrations',
  logging: false,
  synchronize: false,
  // `where: { id: undefined }` would otherwise match every row.
  invalidWhereValuesBehavior: { null: 'throw', undefined: 'throw' },
} as const;

const OID_INT8 = 20;
const OID_NUMERIC = 1700;

/** Counts, sums and times as numbers, also in hand-written queries: all of ours are far below 2^53. */
const numericTypes = {
  getTypeParser(oid: number, format?: 'text' | 'binary'): unknown {
    if (oid === OID_INT8 || oid === OID_NUMERIC) return Number;
    return pg.types.getTypeParser(oid, format);
  },
};

/**
 * TypeORM asks the driver to be verbose: a stack trace for every statement, in case it fails. That was a third of the
 * CPU a record costs.
 */
const quietSqlite: unknown = Object.create(sqlite3, { verbose: { value: () => sqlite3 } });

export function dataSourceOptions(config: DatabaseConfig): DataSourceOptions {
  if (config.kind === 'sqlite') {
    return {
      ...COMMON,
      type: 'sqlite',
      driver: quietSqlite,
      database: config.path,
      busyTimeout: STATEMENT_TIMEOUT_MS,
    };
  }
  return {
    ...COMMON,
    type: 'postgres',
    url: config.url.reveal(),
    applicationName: 'responses-proxy',
    poolSize: POOL_SIZE,
    connectTimeoutMS: CONNECT_TIMEOUT_MS,
    // No extension is needed, and looking for one is a privilege a plain role may lack.
    installExtensions: false,
    // An idle connection that ends is replaced when the next one is asked for, which is when anybody minds.
    poolErrorHandler: () => undefined,
    extra: {
      statement_timeout: STATEMENT_TIMEOUT_MS,
      // Also bounds a server that has stopped answering altogether (frozen, or behind a dead link).
      query_timeout: STATEMENT_TIMEOUT_MS + 1_000,
      keepAlive: true,
      types: numericTypes,
    },
  };
}

/** A data source that is not connected yet. */
export function createDataSource(options: DataSourceOptions): DataSource {
  const dataSource = new DataSource(options);
  if (options.type === 'postgres') teachBinary(dataSource);
  return dataSource;
}

/** `Buffer` as a column type means `blob` to TypeORM's SQLite driver and nothing to its Postgres driver. */
function teachBinary(dataSource: DataSource): void {
  const driver = dataSource.driver;
  const normalize = driver.normalizeType.bind(driver);
  driver.normalizeType = (column) =>
    column.type === (Buffer as unknown as ColumnType) ? 'bytea' : normalize(column);
}

/** As much as is needed here of pg's pool, which has no public way to drop connections that somebody holds. */
interface Pool {
  readonly _clients: readonly { readonly connection: { readonly stream: { destroy(): void } } }[];
}

/** Ends all connections to Postgres at once, used or not; the pool opens new ones when it is asked. */
export function cutConnections(dataSource: DataSource): void {
  const { master } = dataSource.driver as unknown as { master?: Pool };
  for (const { connection } of master?._clients ?? []) connection.stream.destroy();
}

export function dialectOf(dataSource: DataSource): Dialect {
  return dataSource.options.type === 'postgres' ? 'postgres' : 'sqlite';
}
