import { RETENTION } from '../support/retention.js';
import 'reflect-metadata';
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Global, type INestApplicationContext, Module, type Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/common/clock.js';
import { createLogger } from '../../src/common/logger.js';
import { Secret } from '../../src/common/secret.js';
import { CLOCK, INSTANCE_ID, LOGGER, PROCESS_ROLE } from '../../src/common/tokens.js';
import { APP_CONFIG, type AppConfig, type DatabaseConfig } from '../../src/config/app-config.js';
import { DatabaseModule } from '../../src/infra/database/database.module.js';
import { DatabaseService } from '../../src/infra/database/database.service.js';
import { EventReadModel } from '../../src/usage/event.read-model.js';
import { FileSpool } from '../../src/usage/file-spool.js';
import { RequestReadModel } from '../../src/usage/request.read-model.js';
import { SPOOL, type Spool } from '../../src/usage/spool.js';
import { currentOwner, writeOwner } from '../../src/usage/spool-owner.js';
import { TelemetryLifecycle } from '../../src/usage/telemetry-lifecycle.js';
import { TelemetryQueueModule } from '../../src/usage/telemetry-queue.module.js';
import { UsageModule } from '../../src/usage/usage.module.js';
import { databaseService, tempDir } from '../support/database.js';
import { postgres, stopPostgres } from '../support/postgres.js';
import { finished, started, T0 } from '../support/telemetry-records.js';
import { until } from '../support/until.js';

afterAll(stopPostgres);

const logger = createLogger('silent');
const NONE = { request: null, response: null };

/** The real modules around a data directory, as the application puts them together. */
function boot(
  dataDir: string,
  database: DatabaseConfig,
  instanceId: string,
): Promise<INestApplicationContext> {
  const config = {
    dataDir,
    database,
    spool: { maxBytes: 64e6, segmentBytes: 1e6 },
    retention: RETENTION,
    redisUrl: null,
    affinity: { maxEntries: 100 },
  } as AppConfig;
  const globals = [
    { provide: APP_CONFIG, useValue: config },
    { provide: CLOCK, useValue: systemClock },
    { provide: LOGGER, useValue: logger },
    { provide: INSTANCE_ID, useValue: instanceId },
    { provide: PROCESS_ROLE, useValue: 'api' },
  ];
  @Global()
  @Module({ providers: globals, exports: globals.map(({ provide }) => provide) })
  class GlobalsModule {}
  @Module({
    imports: [UsageModule, GlobalsModule, DatabaseModule.forRoot(), TelemetryQueueModule.forRoot(config)],
  })
  class TestModule {}
  return NestFactory.createApplicationContext(TestModule as Type, { logger: false });
}

async function databaseOf(dialect: string, dataDir: string): Promise<DatabaseConfig> {
  if (dialect === 'sqlite') return { kind: 'sqlite', path: join(dataDir, 'proxy.sqlite3'), origin: 'test' };
  return { kind: 'postgres', url: new Secret(await (await postgres()).createDatabase()), origin: 'test' };
}

describe.each(['sqlite', 'postgres'] as const)('telemetry on %s', (dialect) => {
  it('flushes to SQL before it closes the database', async () => {
    const dir = tempDir();
    const database = await databaseOf(dialect, dir.path);
    const app = await boot(dir.path, database, 'inst_a');
    await app.get(DatabaseService).connect();
    await app.get(TelemetryLifecycle).start();
    const spool = app.get<Spool>(SPOOL);
    for (let i = 0; i < 500; i++) {
      spool.started(started(`r${i}`));
      spool.finished(finished(`r${i}`), NONE);
    }
    await app.close();
    expect(readdirSync(join(dir.path, 'spool'))).toEqual([]);
    const after = databaseService(database);
    await after.connect();
    const [row] = await after.dataSource.query(
      `SELECT COUNT(*) AS "n" FROM "requests" WHERE "state" = 'completed'`,
    );
    expect(row.n).toBe(500);
    await after.close();
    dir.remove();
  });

  it('marks what a dead process had open as interrupted, also when its start was in SQL long before', async () => {
    const dir = tempDir();
    const database = await databaseOf(dialect, dir.path);
    const root = join(dir.path, 'spool');
    mkdirSync(root, { recursive: true });
    const dead = FileSpool.open({
      root,
      instanceId: 'inst_dead',
      maxBytes: 1e7,
      segmentBytes: 1e6,
      clock: systemClock,
      logger,
    });
    const from = { instanceId: 'inst_dead' };
    dead.started(started('open', from));
    dead.started(started('done', from));
    dead.finished(finished('done'), NONE);
    dead.close();
    writeOwner(join(root, 'inst_dead'), { ...currentOwner('inst_dead'), pidStart: '1' });
    const early = databaseService(database);
    await early.connect();
    const { Recorder } = await import('../../src/usage/recorder.js');
    const record = (id: string, instanceId: string) => ({ record: started(id, { instanceId }), body: null });
    await new Recorder(early).write([record('drained', 'inst_dead'), record('other', 'inst_living')]);
    await early.close();

    const app = await boot(dir.path, database, 'inst_b');
    await app.get(DatabaseService).connect();
    await app.get(TelemetryLifecycle).start();
    const { rows } = await app.get(RequestReadModel).list({ limit: 10 });
    expect(Object.fromEntries(rows.map((row) => [row.id, row.state]))).toEqual({
      open: 'interrupted',
      done: 'completed',
      drained: 'interrupted',
      other: 'in_progress',
    });
    const open = rows.find((row) => row.id === 'open');
    expect(open?.finished_at).toBeGreaterThan(T0);
    // How far it came nobody knows: null, not 0.
    expect(open).toMatchObject({ status_code: null, response_bytes: null, attempts: null });
    await until(async () => (await app.get(EventReadModel).list({ limit: 1 })).rows.length === 1);
    await app.close();
    expect(readdirSync(root)).toEqual([]);
    dir.remove();
  });
});

describe('telemetry without Postgres', () => {
  it('starts, keeps records on disk and delivers them once the database is there', async () => {
    const dir = tempDir();
    const server = await postgres();
    const url = (await server.createDatabase()).replace(/\/[^/]+$/, '/not_there_yet');
    const app = await boot(dir.path, { kind: 'postgres', url: new Secret(url), origin: 'test' }, 'inst_a');
    const database = app.get(DatabaseService);
    await database.connect();
    await app.get(TelemetryLifecycle).start();
    expect(database.ready).toBe(false);
    expect(() => database.requireReady()).toThrow(/not_there_yet/);
    const spool = app.get<Spool>(SPOOL);
    spool.started(started('r1'));
    spool.finished(finished('r1'), NONE);
    await until(() => spool.status().drainError !== null);
    expect(spool.status().pending).toBe(2);

    await server.createDatabase('not_there_yet');
    await until(() => database.ready, Boolean, { timeoutMs: 15_000 });
    await until(() => spool.status().pending === 0, Boolean, { timeoutMs: 15_000 });
    expect((await app.get(RequestReadModel).detail('r1'))?.request.state).toBe('completed');
    expect(spool.status().drainError).toBe(null);
    await app.close();
    dir.remove();
  });

  it('goes on when Postgres is stopped and started again, answers admin reads with 503 meanwhile', async () => {
    const dir = tempDir();
    const server = await postgres();
    const app = await boot(dir.path, await databaseOf('postgres', dir.path), 'inst_a');
    await app.get(DatabaseService).connect();
    await app.get(TelemetryLifecycle).start();
    const spool = app.get<Spool>(SPOOL);
    const requests = app.get(RequestReadModel);
    spool.started(started('r1'));
    await until(() => spool.status().pending === 0);

    await server.server.stop();
    for (let i = 0; i < 3; i++) {
      const error: unknown = await requests.list({ limit: 1 }).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'database_unavailable', status: 503 });
    }
    spool.finished(finished('r1'), NONE);
    await until(() => spool.status().drainError !== null);
    await server.server.start();
    await until(() => spool.status().pending === 0, Boolean, { timeoutMs: 20_000 });
    expect((await requests.detail('r1'))?.request.state).toBe('completed');
    await app.close();
    dir.remove();
  });
});
