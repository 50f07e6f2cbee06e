import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { Secret } from '../../src/common/secret.js';
import type { DatabaseConfig } from '../../src/config/app-config.js';
import type { DatabaseService } from '../../src/infra/database/database.service.js';
import { Recorder } from '../../src/usage/recorder.js';
import type { TelemetryRecord } from '../../src/usage/records.js';
import { databaseService } from './database.js';
import { type CliResult, runCli } from './run-cli.js';

export const sqliteAt = (path: string): DatabaseConfig => ({ kind: 'sqlite', path, origin: 'test' });

export const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/** A database opened (and migrated) for the length of `work`. */
export async function withDatabase<T>(
  config: DatabaseConfig,
  work: (service: DatabaseService) => Promise<T>,
): Promise<T> {
  const service = databaseService(config);
  await service.connect();
  try {
    return await work(service);
  } finally {
    await service.close();
  }
}

export const withPostgres = <T>(url: string, work: (service: DatabaseService) => Promise<T>): Promise<T> =>
  withDatabase({ kind: 'postgres', url: new Secret(url), origin: 'test' }, work);

export const write = (service: DatabaseService, ...records: TelemetryRecord[]): Promise<void> =>
  new Recorder(service).write(records.map((record) => ({ record, body: null })));

/** The command, run to its end. */
export const moveData = (from: string, to: string, ...more: string[]): Promise<CliResult> =>
  runCli(['migrate-data', '--from', from, '--to', to, ...more]);
