import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { MigrationInterface, QueryRunner } from 'typeorm';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Secret } from '../../src/common/secret.js';
import type { DatabaseConfig } from '../../src/config/app-config.js';
import { createDataSource, dataSourceOptions } from '../../src/infra/database/data-source.js';
import { migrate } from '../../src/infra/database/migrate.js';
import { MIGRATIONS } from '../../src/infra/database/migrations.js';
import { tempDir } from '../support/database.js';
import { SteadyLoad } from '../support/outage.js';
import { postgres, stopPostgres } from '../support/postgres.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { Rig } from '../support/rig.js';
import { sqliteAt, withDatabase } from '../support/transfer-databases.js';
import { until } from '../support/until.js';

/** 20 in a release run, of five processes each. */
const ROUNDS = Number(process.env['RPX_MIGRATION_ROUNDS'] ?? 1);
const TOGETHER = ROUNDS > 1 ? 5 : 3;
const LIMIT_MS = 60_000 + ROUNDS * 120_000;

const dirs: ReturnType<typeof tempDir>[] = [];

afterEach(async () => {
  await ProxyProcess.stopAll();
  for (const dir of dirs.splice(0)) dir.remove();
});
afterAll(stopPostgres);

interface Place {
  readonly config: DatabaseConfig;
  readonly env: Readonly<Record<string, string>>;
}

async function newPlace(dialect: 'sqlite' | 'postgres'): Promise<Place> {
  if (dialect === 'postgres') {
    const url = await (await postgres()).createDatabase();
    return {
      config: { kind: 'postgres', url: new Secret(url), origin: 'test' },
      env: { PROXY_DATABASE_URL: url },
    };
  }
  const dir = tempDir();
  dirs.push(dir);
  const path = join(dir.path, 'shared.sqlite3');
  return { config: sqliteAt(path), env: { PROXY_SQLITE_URL: `sqlite:///${path}` } };
}

const NAMES = MIGRATIONS.map((migration) => new migration().name as string).sort();

const applied = (config: DatabaseConfig): Promise<string[]> =>
  withDatabase(config, async ({ dataSource }) => {
    const rows = await dataSource.query<{ name: string }[]>('SELECT "name" FROM "migrations"');
    return rows.map(({ name }) => name).sort();
  });

/** As version N+1 would: new things only, nothing taken away. */
class Expands1999999999999 implements MigrationInterface {
  readonly name = 'Expands1999999999999';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query('ALTER TABLE "requests" ADD COLUMN "of_the_next_version" text');
    await runner.query('CREATE TABLE "of_the_next_version" ("id" text PRIMARY KEY)');
    await runner.query('CREATE INDEX "ix_of_the_next" ON "requests" ("of_the_next_version")');
  }

  async down(): Promise<void> {
    // Never taken back here.
  }
}

/** The next version starts: this version's migrations and one more. */
async function startNextVersion(config: DatabaseConfig): Promise<void> {
  const options = { ...dataSourceOptions(config), migrations: [...MIGRATIONS, Expands1999999999999] };
  const dataSource = createDataSource(options);
  await dataSource.initialize();
  MIGRATIONS.push(Expands1999999999999 as never);
  try {
    await migrate(dataSource, config);
  } finally {
    MIGRATIONS.pop();
    await dataSource.destroy();
  }
}

describe.each(['sqlite', 'postgres'] as const)('processes that start together on %s', (dialect) => {
  it.each(['an empty database', 'the schema of the version before'])(
    'migrate %s once, and all of them serve',
    async (before) => {
      for (let round = 0; round < ROUNDS; round += 1) {
        const { config, env } = await newPlace(dialect);
        if (before !== 'an empty database')
          await withDatabase(config, ({ dataSource }) => dataSource.undoLastMigration());
        const all = await Promise.all(
          Array.from({ length: TOGETHER }, () => ProxyProcess.start({ env, wait: false })),
        );
        for (const proxy of all) {
          const ready = async (): Promise<unknown> =>
            (await proxy.admin<{ database: unknown }>('/admin/state')).database;
          await until(ready, (state) => JSON.stringify(state).includes('"ready":true'), {
            timeoutMs: 90_000,
          });
          expect(proxy.output).not.toMatch(/database\.unreachable|SQLITE_|"level":"error"/);
        }
        expect(await applied(config)).toEqual(NAMES);
        if (config.kind === 'postgres') expect(await lockConnections(config)).toBe(0);
        await ProxyProcess.stopAll();
      }
    },
    LIMIT_MS,
  );

  it(
    'leave nothing behind when one is killed in the middle, and the next one starts at once',
    async () => {
      const { config, env } = await newPlace(dialect);
      await withDatabase(config, () => Promise.resolve());
      const place = config.kind === 'sqlite' ? config.path : config.url.reveal();
      const child = fork(join(import.meta.dirname, '../support/migration-that-hangs.mjs'), [dialect, place], {
        execArgv: [],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      await once(child, 'message');
      child.kill('SIGKILL');
      await once(child, 'exit');
      const proxy = await ProxyProcess.start({ env });
      const ready = async (): Promise<string> => JSON.stringify(await proxy.state());
      await until(ready, (state) => state.includes('"ready":true'), { timeoutMs: 20_000 });
      expect(await applied(config)).toEqual(NAMES);
      await withDatabase(config, async ({ dataSource }) => {
        await expect(dataSource.query('SELECT "r"."half" FROM "requests" AS "r"')).rejects.toThrow(/half/);
        await expect(dataSource.query('SELECT * FROM "half"')).rejects.toThrow(/half/);
      });
    },
    LIMIT_MS,
  );

  it(
    'serve on while the next version migrates, and start again on its schema',
    async () => {
      const { config, env } = await newPlace(dialect);
      const rig = await Rig.start(
        config.kind === 'postgres' ? { postgresUrl: config.url.reveal() } : { env },
      );
      const load = new SteadyLoad(rig);
      await until(() => load.client.entries.length > 30);
      await startNextVersion(config);
      const migrated = load.client.entries.length;
      await until(() => load.client.entries.length > migrated + 60, Boolean, { timeoutMs: 20_000 });
      const entries = await load.stop();
      expect(entries.filter(({ status, acknowledged }) => status !== 200 || !acknowledged)).toEqual([]);
      await until(
        () => rig.proxy.state(),
        (state) => state.queue_depth === 0,
        { timeoutMs: 20_000 },
      );
      await rig.proxy.restart();
      expect((await rig.client.send({ body: {} })).status).toBe(200);
      await until(
        () => rig.proxy.state(),
        (state) => state.queue_depth === 0,
        { timeoutMs: 20_000 },
      );
      const rows = await withDatabase(config, ({ dataSource }) =>
        dataSource.query<unknown[]>(`SELECT "id" FROM "requests" WHERE "state" = 'completed'`),
      );
      expect(rows).toHaveLength(entries.length + 1);
      expect(await applied(config)).toEqual([...NAMES, 'Expands1999999999999'].sort());
      await rig.stop();
    },
    LIMIT_MS,
  );

  it(
    'give up in words when the lock is not given back',
    async () => {
      const { config } = await newPlace(dialect);
      const place = config.kind === 'sqlite' ? config.path : config.url.reveal();
      await withDatabase(config, () => Promise.resolve());
      const child = fork(join(import.meta.dirname, '../support/migration-that-hangs.mjs'), [dialect, place], {
        execArgv: [],
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      });
      await once(child, 'message');
      const dataSource = createDataSource(dataSourceOptions(config));
      await dataSource.initialize();
      dataSource.migrations.push(new Expands1999999999999());
      await expect(migrate(dataSource, config, 1_000)).rejects.toThrow(
        /another process has had its lock for 1 s; gave up.*start again/,
      );
      await dataSource.destroy();
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    LIMIT_MS,
  );
});

async function lockConnections(config: DatabaseConfig): Promise<number> {
  return withDatabase(config, async ({ dataSource }) => {
    const sql = `SELECT COUNT(*) AS "n" FROM pg_stat_activity
      WHERE datname = current_database() AND application_name = 'responses-proxy migration'`;
    return (await dataSource.query<{ n: number }[]>(sql))[0]?.n ?? -1;
  });
}
