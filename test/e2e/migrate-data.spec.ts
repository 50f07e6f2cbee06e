import { cpSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseService } from '../../src/infra/database/database.service.js';
import { dumpTables, tempDir } from '../support/database.js';
import { generateHistory } from '../support/generated-history.js';
import { postgres, stopPostgres } from '../support/postgres.js';
import { startCli } from '../support/run-cli.js';
import { attempt, binding, event, finished, started, T0 } from '../support/telemetry-records.js';
import {
  hashOf,
  moveData,
  sqliteAt,
  withDatabase,
  withPostgres,
  write,
} from '../support/transfer-databases.js';
import { until } from '../support/until.js';

/** A million rows and more with RPX_MIGRATE_REQUESTS=250000. */
const REQUESTS = Number(process.env['RPX_MIGRATE_REQUESTS'] ?? 2_500);
const LIMIT_MS = 120_000 + REQUESTS * 4;

const scratch = tempDir();
const template = join(scratch.path, 'template.sqlite3');
let sources = 0;

/** A copy of the generated history, as a proxy leaves it when it stops. */
function newSource(): { path: string; url: string } {
  const path = join(scratch.path, `source-${++sources}.sqlite3`);
  cpSync(template, path);
  return { path, url: `sqlite:///${path}` };
}

/** Every row as text, bytes as hex, whichever database it is in. */
const dump = (service: DatabaseService): Promise<string> => dumpTables(service);

beforeAll(async () => {
  await withDatabase(sqliteAt(template), async (service) => {
    await generateHistory(service, REQUESTS);
    await service.dataSource.query(
      `INSERT INTO "resource_identities" VALUES ('f1', 'openai-1', 'org-a', 1, 2), ('f2', 'openai-7', NULL, 1, 2)`,
    );
  });
}, LIMIT_MS);

afterAll(async () => {
  await stopPostgres();
  scratch.remove();
});

describe('migrate-data', () => {
  it(
    'moves every row of every table from SQLite to Postgres and leaves the source as it was',
    async () => {
      const source = newSource();
      const before = hashOf(source.path);
      const to = await (await postgres()).createDatabase();
      const { code, stdout, stderr } = await moveData(source.url, to);
      expect(stderr).toBe('');
      expect(code, stdout).toBe(0);
      expect(stdout).toMatch(/Done: [\d,]+ rows in [\d.]+ s \(\d+ rows\/s\)/);
      console.log('migrate-data', stdout.trimEnd().split('\n').at(-1));
      expect(stdout + stderr).not.toContain(new URL(to).password);
      expect(hashOf(source.path)).toBe(before);
      expect(existsSync(`${source.path}-wal`) && readFileSync(`${source.path}-wal`).length).toBeFalsy();
      const original = await withDatabase(sqliteAt(source.path), dump);
      expect(await withPostgres(to, dump)).toBe(original);
      const ids = await withPostgres(to, ({ dataSource }) =>
        dataSource.query('SELECT "fingerprint", "resource_id" FROM "resource_identities" ORDER BY 1'),
      );
      expect(ids).toEqual([
        { fingerprint: 'f1', resource_id: 'openai-1' },
        { fingerprint: 'f2', resource_id: 'openai-7' },
      ]);
      const notes = await withPostgres(to, ({ dataSource }) =>
        dataSource.query(`SELECT to_regclass('data_transfers') AS "left"`),
      );
      expect(notes).toEqual([{ left: null }]);
    },
    LIMIT_MS,
  );

  it(
    'goes on where it was after kill -9, as often as it takes',
    async () => {
      const source = newSource();
      const to = await (await postgres()).createDatabase();
      let kills = 0;
      for (let after = 1; kills < 3; after += 3) {
        const run = startCli(['migrate-data', '--from', source.url, '--to', to]);
        const over = await Promise.race([
          run.ended.then(() => true),
          pagesWritten(to, after).then(() => false),
        ]);
        if (over) break;
        run.child.kill('SIGKILL');
        await run.ended;
        kills += 1;
      }
      expect(kills).toBe(3);
      const { code, stdout, stderr } = await moveData(source.url, to);
      expect([code, stderr], stdout).toEqual([0, '']);
      expect(stdout).toContain('Went on where an earlier run had stopped');
      expect(await withPostgres(to, dump)).toBe(await withDatabase(sqliteAt(source.path), dump));
    },
    LIMIT_MS,
  );

  it(
    'moves what has changed, come and gone between kill -9 and the run that goes on',
    async () => {
      const source = newSource();
      const to = await (await postgres()).createDatabase();
      const run = startCli(['migrate-data', '--from', source.url, '--to', to]);
      // Some tables are over by then, one is in the middle.
      await pagesWritten(to, 6);
      run.child.kill('SIGKILL');
      await run.ended;
      await withDatabase(sqliteAt(source.path), async (service) => {
        const open = `req_${'499'.padStart(9, '0')}`;
        await write(service, finished(open, { at: T0 + 9_000, attempts: [attempt(), attempt(2)] }));
        for (const id of ['req_000', 'req_zzz'])
          await write(
            service,
            started(id, { at: T0 }),
            finished(id, { at: T0 + 5, bindings: [binding(id)] }),
          );
        await write(service, event('evt_000'), event('evt_zzz'));
      });
      await withPostgres(to, ({ dataSource }) =>
        dataSource.query('DELETE FROM "attempts" WHERE "request_id" = \'req_000000003\''),
      );
      const { code, stdout, stderr } = await moveData(source.url, to);
      expect([code, stderr], stdout).toEqual([0, '']);
      expect(stdout).toContain('Went on where an earlier run had stopped');
      expect(await withPostgres(to, dump)).toBe(await withDatabase(sqliteAt(source.path), dump));
    },
    LIMIT_MS,
  );

  it(
    'moves what is new when it is run again, and doubles nothing that was there',
    async () => {
      const source = newSource();
      const to = await (await postgres()).createDatabase();
      expect((await moveData(source.url, to)).code).toBe(0);
      await withDatabase(sqliteAt(source.path), async (service) => {
        const open = `req_${'499'.padStart(9, '0')}`;
        await write(
          service,
          finished(open, { at: T0 + 9_000, bindings: [binding('s24', { boundAt: T0 + 1e6 })] }),
        );
        await write(service, started('req_new', { at: T0 + 1e6 }), finished('req_new', { at: T0 + 1e6 + 5 }));
      });
      const { code, stdout } = await moveData(source.url, to);
      expect(code, stdout).toBe(0);
      expect(await withPostgres(to, dump)).toBe(await withDatabase(sqliteAt(source.path), dump));
    },
    LIMIT_MS,
  );

  it('goes back from Postgres to SQLite', async () => {
    const from = await (await postgres()).createDatabase();
    await withPostgres(from, (service) => generateHistory(service, 300));
    const path = join(scratch.path, 'back.sqlite3');
    const { code, stdout, stderr } = await moveData(from, `sqlite:///${path}`);
    expect([code, stderr], stdout).toEqual([0, '']);
    expect(await withDatabase(sqliteAt(path), dump)).toBe(await withPostgres(from, dump));
  }, 60_000);
});

describe('a target that a proxy uses already', () => {
  it('keeps what it knows better, and its sessions add up to the requests of both', async () => {
    const path = join(scratch.path, 'both.sqlite3');
    const old = await withDatabase(sqliteAt(path), async (service) => {
      await write(service, started('old'), finished('old'));
      await write(service, started('open'), started('ended'), finished('ended'));
      return dump(service);
    });
    const to = await (await postgres()).createDatabase();
    await withPostgres(to, async (service) => {
      // Its end was recorded where the proxy writes now; its start only where it wrote then.
      await write(
        service,
        finished('open', { at: T0 + 50, bindings: [binding('s1', { boundAt: T0 + 50 })] }),
      );
      await write(service, started('new', { at: T0 + 100 }), finished('new', { at: T0 + 120 }));
      await write(service, started('ended'), finished('ended'));
    });
    for (let runs = 0; runs < 2; runs++) {
      const { code, stdout, stderr } = await moveData(`sqlite:///${path}`, to);
      expect([code, stderr], stdout).toEqual([0, '']);
      await withPostgres(to, async ({ dataSource }) => {
        const requests = await dataSource.query(
          'SELECT "id", "state", "counted" FROM "requests" ORDER BY "id"',
        );
        expect(requests).toEqual(
          ['ended', 'new', 'old', 'open'].map((id) => ({ id, state: 'completed', counted: 3 })),
        );
        const sessions = await dataSource.query(
          'SELECT "request_count", "total_tokens", "last_seen_at" FROM "sessions"',
        );
        expect(sessions).toEqual([{ request_count: 4, total_tokens: 480, last_seen_at: T0 + 120 }]);
        const bound = await dataSource.query('SELECT "bound_at" FROM "affinity_bindings"');
        expect(bound).toEqual([{ bound_at: T0 + 50 }]);
      });
    }
    expect(await withDatabase(sqliteAt(path), dump)).toBe(old);
  }, 60_000);

  it('refuses when an id of a key means another key there', async () => {
    const source = newSource();
    const to = await (await postgres()).createDatabase();
    await withPostgres(to, ({ dataSource }) =>
      dataSource.query(`INSERT INTO "resource_identities" VALUES ('f9', 'openai-1', NULL, 1, 2)`),
    );
    const { code, stderr } = await moveData(source.url, to);
    expect(code).toBe(1);
    expect(stderr).toMatch(/ids that the source's history uses \(openai-1\).*new, empty database/);
    expect(await withPostgres(to, ({ dataSource }) => dataSource.query('SELECT 1 FROM "requests"'))).toEqual(
      [],
    );
  }, 60_000);
});

describe('values SQLite takes and Postgres does not', () => {
  it('arrive as near as possible, and a row that cannot is named while all others arrive', async () => {
    const path = join(scratch.path, 'odd.sqlite3');
    await withDatabase(sqliteAt(path), async (service) => {
      await write(service, started('a'), started('b'), started('c'), finished('c'));
      await service.dataSource.query(
        `UPDATE "requests" SET "model" = 'x' || char(0) || 'y', "latency_ms" = 41.7, "path" = '😀 ''"\\' WHERE "id" = 'a'`,
      );
      await service.dataSource.query(`UPDATE "requests" SET "request_bytes" = 'many' WHERE "id" = 'b'`);
    });
    const to = await (await postgres()).createDatabase();
    const { code, stdout, stderr } = await moveData(`sqlite:///${path}`, to);
    expect(code, stdout).toBe(1);
    expect(stderr).toMatch(/requests: the target refused 1 row: b: .*bigint/);
    await withPostgres(to, async ({ dataSource }) => {
      const rows = await dataSource.query(
        'SELECT "id", "model", "latency_ms", "path" FROM "requests" ORDER BY "id"',
      );
      expect(rows).toEqual([
        { id: 'a', model: 'x\uFFFDy', latency_ms: 42, path: '😀 \'"\\' },
        { id: 'c', model: 'gpt-5', latency_ms: 42, path: '/v1/responses' },
      ]);
    });
  }, 60_000);
});

/** Waits until the target says that this many pages have been committed. */
function pagesWritten(url: string, pages: number): Promise<unknown> {
  const count = async (): Promise<number> =>
    withPostgresQuietly(
      url,
      `SELECT COALESCE(SUM((position::json->>'rows')::int), 0)::int AS n FROM data_transfers`,
    );
  return until(count, (n) => n >= pages * 1_000, {
    timeoutMs: LIMIT_MS,
    everyMs: 2,
    what: 'pages in the target',
  });
}

async function withPostgresQuietly(connectionString: string, sql: string): Promise<number> {
  const { default: pg } = await import('pg');
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    return (await client.query<{ n: number }>(sql)).rows[0]?.n ?? 0;
  } catch {
    return 0; // not begun yet
  } finally {
    await client.end();
  }
}
