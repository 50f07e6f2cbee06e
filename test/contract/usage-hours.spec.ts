import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { QueryRunner } from 'typeorm';
import { systemClock } from '../../src/common/clock.js';
import type { AppConfig } from '../../src/config/app-config.js';
import { createLogger } from '../../src/common/logger.js';
import { UsageHours1764300000000 } from '../../src/infra/database/migrations/1764300000000-usage-hours.js';
import { DiagnosisReadModel } from '../../src/usage/diagnosis.read-model.js';
import { HOUR_MS, recountHour } from '../../src/usage/hour-totals.js';
import { HistoryPruner } from '../../src/usage/history-pruner.js';
import { Recorder } from '../../src/usage/recorder.js';
import type { TelemetryRecord } from '../../src/usage/records.js';
import { RetentionService } from '../../src/usage/retention.service.js';
import { LonePeers } from '../../src/state/lone-peers.js';
import type { UsageItem } from '../../src/usage/usage-item.js';
import { USAGE_GROUPS, UsageReadModel, type UsageGroup } from '../../src/usage/usage.read-model.js';
import { openDatabase, type TestDatabase } from '../support/database.js';
import { RETENTION } from '../support/retention.js';
import { stopPostgres } from '../support/postgres.js';
import { finished, started } from '../support/telemetry-records.js';
import { until } from '../support/until.js';

const HOURS = 4;
const BEGIN = 1_795_400_000_000 - (1_795_400_000_000 % HOUR_MS);
const STATES = [
  'completed',
  'completed',
  'incomplete',
  'failed',
  'upstream_error',
  'client_aborted',
] as const;
const COLUMN: Record<UsageGroup, string> = {
  model: 'COALESCE("served_model", "model")',
  resource: '"resource_id"',
  session: '"session_id"',
  key: '"caller_id"',
  hour: `"started_at" - "started_at" % ${HOUR_MS}`,
};

afterAll(stopPostgres);

/** Everything that may become of a request: open, interrupted, ended, ended after all, and an end without a start. */
function recordsOf(n: number): TelemetryRecord[] {
  const id = `req_${n}`;
  const at = BEGIN + Math.floor((n * HOURS * HOUR_MS) / 90) + (n % 7);
  const session = { id: `s${n % 5}`, source: 'session-id', name: null, threadId: null, parentThreadId: null };
  const start = started(id, {
    at,
    session: n % 4 === 0 ? null : session,
    callerId: `key_${n % 3}`,
    model: n % 11 === 0 ? null : `asked-${n % 2}`,
  });
  const told = {
    inputTokens: n,
    cachedTokens: n % 3 === 0 ? null : 1,
    cacheWriteTokens: null,
    outputTokens: 2,
  };
  const end = finished(id, {
    startedAt: at,
    state: STATES[n % STATES.length],
    resourceId: n % 13 === 0 ? null : `openai-${(n % 3) + 1}`,
    servedModel: n % 6 === 0 ? null : `served-${n % 2}`,
    usage: n % 5 === 0 ? null : { ...told, reasoningTokens: 0, totalTokens: n + 2 },
    cost: n % 10 === 1 ? null : n * 3,
  });
  const cut = finished(id, { startedAt: at, state: 'interrupted', usage: null, attempts: [] });
  switch (n % 9) {
    case 0:
      return [start];
    case 1:
      return [start, cut];
    case 2:
      return [start, cut, end];
    case 3:
      return [end];
    default:
      return [start, end];
  }
}

const ALL = Array.from({ length: 90 }, (_, n) => recordsOf(n)).flat();

describe.each(['sqlite', 'postgres'] as const)('usage by the hour in %s', (dialect) => {
  let db: TestDatabase;
  beforeEach(async () => (db = await openDatabase(dialect)));
  afterEach(() => db.close());

  const write = async (records: readonly TelemetryRecord[], batch: number): Promise<void> => {
    for (let from = 0; from < records.length; from += batch) {
      const some = records.slice(from, from + batch);
      await new Recorder(db.service).write(some.map((record) => ({ record, body: null })));
    }
  };
  const usage = async (by: UsageGroup, since: number | null): Promise<UsageItem[]> =>
    (await new UsageReadModel(db.service).list({ group_by: by, since })).rows;

  /** The same from the requests themselves, one by one. */
  const counted = (by: UsageGroup, since: number | null): Promise<object[]> =>
    db.service.dataSource.query(
      `SELECT ${COLUMN[by]} AS "group", COUNT(*) AS "requests",
        SUM(CASE WHEN "state" IN ('completed', 'incomplete', 'in_progress') THEN 0 ELSE 1 END) AS "failed",
        SUM("input_tokens") AS "input_tokens", SUM("cached_tokens") AS "cached_tokens", SUM("output_tokens") AS "output_tokens",
        SUM("reasoning_tokens") AS "reasoning_tokens", SUM("total_tokens") AS "total_tokens",
        COUNT(CASE WHEN "input_tokens" IS NOT NULL AND "cost" IS NULL THEN 1 END) AS "unpriced_requests"
      FROM "requests" WHERE "started_at" >= ${since ?? 0} ${by === 'session' ? 'AND "session_id" IS NOT NULL' : ''} GROUP BY 1 ORDER BY ${by === 'hour' ? '1 DESC' : '2 DESC, 1'}`,
    );
  const hours = (): Promise<object[]> =>
    db.service.dataSource.query(
      'SELECT * FROM "usage_hours" ORDER BY "hour", "model", "resource_id", "caller_id"',
    );

  async function expectRight(): Promise<void> {
    const middle = BEGIN + HOUR_MS + 1_234_567;
    for (const by of USAGE_GROUPS)
      for (const since of [null, BEGIN + HOUR_MS, middle, middle + HOURS * HOUR_MS]) {
        const told = await usage(by, since);
        const bare = await counted(by, since);
        const sorted = (rows: readonly object[]) => rows.map((row) => JSON.stringify(row)).sort();
        const known = Object.keys(bare[0] ?? {});
        const same = told.map((row) =>
          Object.fromEntries(known.map((name) => [name, row[name as keyof UsageItem]])),
        );
        expect(sorted(same), `${by} since ${since}`).toEqual(sorted(bare));
      }
  }

  it('is what the requests add up to, in whatever order and however often their records come', async () => {
    await write(ALL, 40);
    await expectRight();
    await write(ALL.toReversed(), 7);
    await write(ALL, 1_000);
    await expectRight();
  }, 60_000);

  it('holds only what has ended, and is the same made anew: by the hour, and by the migration', async () => {
    await write(ALL.toReversed(), 13);
    const before = await hours();
    expect(before.length).toBeGreaterThan(10);
    for (let n = 0; n < HOURS; n++)
      await db.service.transaction((runner) => recountHour(runner, dialect, BEGIN + n * HOUR_MS));
    expect(await hours()).toEqual(before);
    const migration = new UsageHours1764300000000();
    await db.service.transaction((runner) => migration.down(runner));
    await db.service.transaction((runner) => migration.up(runner));
    expect(await hours()).toEqual(before);
  }, 60_000);

  it('is mended every hour where a process of a version without sums has written', async () => {
    const run = (sql: string): Promise<unknown> => db.service.dataSource.query(sql);
    await write(ALL.slice(0, ALL.length / 2), 40);
    await run('CREATE TABLE "before" AS SELECT * FROM "usage_hours"');
    await write(ALL, 40);
    const right = await hours();
    await run('DELETE FROM "usage_hours"');
    await run('INSERT INTO "usage_hours" SELECT * FROM "before"');
    // An hour of which only sums are left, and one of which some requests are.
    const gone = `INSERT INTO "usage_hours" ("hour", "model", "resource_id", "caller_id", "requests", "failed", "unpriced_requests")
      VALUES (${BEGIN - HOUR_MS}, '', '', '', 7, 0, 0)`;
    await run(gone);
    await run(`DELETE FROM "requests" WHERE "id" IN ('req_5', 'req_7')`);
    expect(await hours()).not.toHaveLength(right.length + 1);

    const clock = { now: () => BEGIN + HOURS * HOUR_MS, monotonic: () => 0 };
    const alone = new LonePeers({ instanceId: 'inst_1', role: 'api', version: '1' }, systemClock);
    const logger = createLogger('silent');
    await new RetentionService(db.service, { retention: RETENTION }, clock, alone, logger).prune();
    expect((await hours()).slice(1)).toEqual(right);
    expect((await hours())[0]).toMatchObject({ hour: BEGIN - HOUR_MS, requests: 7 });
  }, 60_000);

  // SQLite has one writer at a time: there is nothing to try.
  const where = dialect === 'postgres' ? [dialect] : [];
  it.each(where)(
    'counts once what ends while an hour is made anew (%s)',
    async () => {
      await write(ALL, 40);
      const late: TelemetryRecord[] = [
        started('req_late', { at: BEGIN + 1 }),
        finished('req_late', { startedAt: BEGIN + 1, servedModel: 'new' }),
      ];
      let writing: Promise<unknown> = Promise.resolve();
      const waiting = `SELECT 1 FROM pg_locks WHERE NOT granted AND relation = 'usage_hours'::regclass`;
      await db.service.transaction(async (runner) => {
        const query = async (sql: string, params?: unknown[]): Promise<unknown> => {
          const result: unknown = await runner.query(sql, params);
          if (!sql.startsWith('DELETE')) return result;
          let over = false;
          writing = write(late, 2).finally(() => (over = true));
          await until(async () => over || (await db.service.dataSource.query<object[]>(waiting)).length > 0);
          return result;
        };
        await recountHour({ query } as unknown as QueryRunner, dialect, BEGIN);
      });
      await writing;
      const sums = (await hours()) as { model: string; requests: number }[];
      expect(sums.filter(({ model }) => model === 'new')).toMatchObject([{ requests: 1 }]);
    },
    60_000,
  );

  it('has all hours of a month, and says so where there are more groups than an answer holds', async () => {
    const values = Array.from(
      { length: 751 },
      (_, n) => `(${BEGIN - n * HOUR_MS}, 'm${n % 501}', '', '', 1, 0, 0)`,
    );
    await db.service.dataSource.query(
      `INSERT INTO "usage_hours" ("hour", "model", "resource_id", "caller_id", "requests", "failed", "unpriced_requests")
        VALUES ${values.join(', ')}`,
    );
    const model = new UsageReadModel(db.service);
    const told = async (by: UsageGroup, since: number | null, limit?: null): Promise<[number, boolean]> => {
      const { rows, truncated } = await model.list({ group_by: by, since, ...(limit === null && { limit }) });
      return [rows.length, truncated];
    };
    expect(await told('hour', null)).toEqual([750, true]);
    expect(await told('hour', BEGIN - 749 * HOUR_MS)).toEqual([750, false]);
    expect(await told('hour', null, null)).toEqual([751, false]);
    expect(await told('model', null)).toEqual([500, true]);
    expect(await told('model', BEGIN - 499 * HOUR_MS)).toEqual([500, false]);
  });

  it('goes with the last request of its hour', async () => {
    await write(ALL, 40);
    const pruner = new HistoryPruner(db.service, { ...RETENTION, days: 1, usageDays: 1 });
    await pruner.prune(BEGIN + 86_400_000 + 2 * HOUR_MS + 5);
    const left = (await hours()) as { hour: number }[];
    expect(Math.min(...left.map(({ hour }) => hour))).toBe(BEGIN + 2 * HOUR_MS);
    expect((await usage('hour', BEGIN + 3 * HOUR_MS)).length).toBe(1);
  }, 60_000);

  it('keeps the requests of an hour that cannot be summed, says so once, and lets them go when it is summed', async () => {
    const run = (sql: string): Promise<unknown> => db.service.dataSource.query(sql);
    const refuse = (which: string): Promise<unknown> =>
      run(
        dialect === 'postgres'
          ? `ALTER TABLE "latency_hours" ADD CONSTRAINT "refused" CHECK (NOT ("hour" ${which}))`
          : `CREATE TRIGGER "refused" BEFORE INSERT ON "latency_hours" WHEN NEW."hour" ${which}
              BEGIN SELECT RAISE(ABORT, 'it is refused'); END`,
      );
    const allow = (): Promise<unknown> =>
      run(
        dialect === 'postgres'
          ? 'ALTER TABLE "latency_hours" DROP CONSTRAINT "refused"'
          : 'DROP TRIGGER "refused"',
      );
    const left = (): Promise<object[]> =>
      db.service.dataSource.query(
        `SELECT "started_at" - "started_at" % ${HOUR_MS} AS "hour", COUNT(*) AS "requests" FROM "requests" GROUP BY 1 ORDER BY 1`,
      );
    const said: string[] = [];
    const note = (about: { event: string }): unknown => said.push(about.event);
    const clock = { now: () => BEGIN + 86_400_000 + HOURS * HOUR_MS, monotonic: () => 0 };
    const alone = new LonePeers({ instanceId: 'inst_1', role: 'api', version: '1' }, systemClock);
    const retention = new RetentionService(
      db.service,
      { retention: { ...RETENTION, days: 1, usageDays: 90 } },
      clock,
      alone,
      { warn: note, info: note } as never,
    );
    const config = { retention: { days: 1 }, upstream: { totalTimeoutMs: HOUR_MS } } as AppConfig;
    const unsummed = async (): Promise<unknown[]> => {
      const seen = await new DiagnosisReadModel(db.service, config).unsummed(clock.now());
      return [seen.first, seen.hours];
    };
    await write(ALL, 40);
    const all = await left();
    expect(all).toHaveLength(HOURS);

    await refuse(`>= ${BEGIN}`);
    expect(await retention.prune()).toMatchObject({ requests: 0 });
    expect(await left()).toEqual(all);
    expect(await unsummed()).toEqual([BEGIN, HOURS]);
    await allow();
    await refuse(`= ${BEGIN + HOUR_MS}`);
    await retention.prune();
    expect(await left()).toEqual(all.slice(1, 2));
    expect(await unsummed()).toEqual([BEGIN + HOUR_MS, 1]);
    expect(said).toEqual(['retention.unsummed']);
    await allow();
    await retention.prune();
    expect(await left()).toEqual([]);
    expect(said).toEqual(['retention.unsummed', 'retention.recovered']);
    expect(await unsummed()).toEqual([null, 0]);
    const summed = await db.service.dataSource.query<object[]>('SELECT DISTINCT "hour" FROM "latency_hours"');
    expect(summed).toHaveLength(HOURS);
    // Not for ever: at twice its age a request goes.
    await write(ALL, 40);
    await run('DELETE FROM "latency_hours"');
    await refuse(`>= ${BEGIN}`);
    const pruner = new HistoryPruner(db.service, { ...RETENTION, days: 1, usageDays: 90 });
    await pruner.prune(clock.now() + 86_400_000);
    expect([await left(), pruner.unsummed.from]).toEqual([[], expect.any(Number)]);
  }, 60_000);
});
