import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../src/common/logger.js';
import { Secret } from '../../src/common/secret.js';
import type { AppConfig, DatabaseConfig } from '../../src/config/app-config.js';
import { createDataSource, dataSourceOptions } from '../../src/infra/database/data-source.js';
import { DatabaseService } from '../../src/infra/database/database.service.js';
import { postgres } from './postgres.js';

export type TestDialect = 'sqlite' | 'postgres';

export interface TestDatabase {
  readonly config: DatabaseConfig;
  readonly service: DatabaseService;
  close(): Promise<void>;
}

/** A directory of this test's own; the caller removes it with `remove()`. */
export function tempDir(): { path: string; remove(): void } {
  const path = mkdtempSync(join(tmpdir(), 'rpx-test-'));
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

export function databaseService(config: DatabaseConfig): DatabaseService {
  const app = { database: config } as AppConfig;
  return new DatabaseService(createDataSource(dataSourceOptions(config)), app, createLogger('silent'));
}

/** A fresh, migrated database: a SQLite file or a database on the real Postgres. */
export async function openDatabase(dialect: TestDialect): Promise<TestDatabase> {
  const dir = tempDir();
  const config: DatabaseConfig =
    dialect === 'sqlite'
      ? { kind: 'sqlite', path: join(dir.path, 'proxy.sqlite3'), origin: 'test' }
      : { kind: 'postgres', url: new Secret(await (await postgres()).createDatabase()), origin: 'test' };
  const service = databaseService(config);
  await service.connect();
  return {
    config,
    service,
    async close() {
      await service.close();
      dir.remove();
    },
  };
}

/** Everything history consists of. */
export const TABLES = [
  'requests',
  'sessions',
  'key_usage',
  'usage_hours',
  'attempts',
  'decisions',
  'bodies',
  'events',
  'affinity_bindings',
];

/** All rows as text, in an order that does not depend on when they were written. */
export async function dumpTables(service: DatabaseService): Promise<string> {
  const tables: Record<string, unknown> = {};
  for (const table of TABLES) {
    const rows: object[] = await service.dataSource.query(`SELECT * FROM "${table}"`);
    tables[table] = rows.map((row) => JSON.stringify(row)).sort();
  }
  return JSON.stringify(tables, null, 1);
}
