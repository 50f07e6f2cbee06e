import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HistoryPruner } from '../../src/usage/history-pruner.js';
import { sumLatencies } from '../../src/usage/latency-hours.js';
import { SeriesReadModel } from '../../src/usage/series.read-model.js';
import { Recorder } from '../../src/usage/recorder.js';
import type { TelemetryRecord } from '../../src/usage/records.js';
import { openDatabase, type TestDatabase } from '../support/database.js';
import { stopPostgres } from '../support/postgres.js';
import { RETENTION } from '../support/retention.js';
import { finished, started } from '../support/telemetry-records.js';

const MINUTE = 60_000;
/** The last minute of an hour has just begun. */
const NOW = 1_763_870_340_000 + 5_000;

afterAll(stopPostgres);

describe.each(['sqlite', 'postgres'] as const)('requests over time on %s', (dialect) => {
  let db: TestDatabase;
  let recorder: Recorder;
  let now = NOW;
  let series: SeriesReadModel;
  beforeEach(async () => {
    db = await openDatabase(dialect);
    recorder = new Recorder(db.service);
    now = NOW;
    series = new SeriesReadModel(db.service, { now: () => now, monotonic: () => now });
  });
  afterEach(() => db.close());

  const write = (...records: TelemetryRecord[]) =>
    recorder.write(records.map((record) => ({ record, body: null })));
  const request = (id: string, at: number, patch: object = {}) =>
    write(started(id, { at }), finished(id, { startedAt: at, at: at + 90, ...patch }));

  it('has a slice for every minute of the last hour, and the rest of history in none', async () => {
    await request('old', NOW - 61 * MINUTE);
    await request('a', NOW - 10 * MINUTE);
    await request('b', NOW - 10 * MINUTE + 1);
    await request('c', NOW);
    await request('d', NOW, {
      state: 'upstream_error',
      errorCode: 'server_error',
    });
    const answer = await series.read('1h');
    expect(answer.step_ms).toBe(MINUTE);
    expect(answer.points).toHaveLength(60);
    expect(answer.points.map(({ requests }) => requests).filter(Boolean)).toEqual([2, 2]);
    expect(answer.points.at(-11)).toMatchObject({ at: NOW - 5_000 - 10 * MINUTE, requests: 2, failed: 0 });
    expect(answer.points.at(-1)).toMatchObject({ at: NOW - 5_000, requests: 2, failed: 1 });
    expect(answer.totals).toMatchObject({ requests: 4, failed: 1 });
    expect(answer.totals.latency_p50_ms).toBeGreaterThan(0);
    expect(answer.errors.map(({ cause, total, requests }) => [cause, total, requests.at(-1)])).toEqual([
      ['server_error', 1, 1],
    ]);
  });

  it('reads a slice again while it is young, and an old one only after a tenth of its age', async () => {
    await request('a', NOW - 50 * MINUTE);
    await series.read('1h');
    await request('late', NOW - 50 * MINUTE);
    await request('new', NOW);
    now = NOW + 3_000;
    expect((await series.read('1h')).totals.requests).toBe(1);
    now = NOW + 6_000;
    expect((await series.read('1h')).totals.requests).toBe(2);
    now = NOW + 6 * MINUTE;
    expect((await series.read('1h')).totals.requests).toBe(3);
  });

  it('adds up weeks from the sums of hours, the same before and after latencies are summed', async () => {
    const hour = 60 * MINUTE;
    for (let n = 0; n < 40; n++) {
      const failed = n % 8 === 5 ? { state: 'upstream_error', errorCode: `code_${n % 3}` } : {};
      const at = NOW - n * 7 * hour;
      await request(`r${n}`, at, { at: at + 30 * (n + 1), latencyMs: 30 * (n + 1), cost: n, ...failed });
    }
    // Running, interrupted, and a day that is longer ago than anybody asks.
    await write(started('open', { at: NOW - 3 * hour }));
    await write(
      started('cut', { at: NOW - 5 * hour }),
      finished('cut', { startedAt: NOW - 5 * hour, state: 'interrupted' }),
    );
    await request('old', NOW - 31 * 24 * hour);
    const told = () => new SeriesReadModel(db.service, { now: () => now, monotonic: () => now }).read('30d');
    const before = await told();
    expect(before.totals).toMatchObject({ requests: 42, failed: 6, cost_usd: 0.00078 });
    expect(before.totals.latency_p95_ms).toBeGreaterThan(900);
    expect(before.errors.map(({ cause, total }) => `${cause} ${total}`).sort()).toEqual([
      'code_0 1',
      'code_1 2',
      'code_2 2',
      'interrupted 1',
    ]);
    await sumLatencies(db.service, NOW, NOW - 48 * hour);
    const rows = () => db.service.dataSource.query<object[]>('SELECT * FROM "latency_hours"');
    // 35 answered ones; that of the present hour waits until it is over.
    expect(await rows()).toHaveLength(35);
    expect(await told()).toEqual(before);
    await request('late', NOW - 7 * hour);
    await sumLatencies(db.service, NOW, NOW - 48 * hour);
    expect((await told()).totals.requests).toBe(43);
    await db.service.dataSource.query(`DELETE FROM "requests" WHERE "started_at" < ${NOW - 2 * 24 * hour}`);
    await sumLatencies(db.service, NOW, NOW - 48 * hour);
    const pruned = await told();
    expect(pruned.totals).toMatchObject({ requests: 43, failed: 6 });
    expect(pruned.totals.latency_p95_ms).toBe((await told()).totals.latency_p95_ms);
    expect(pruned.errors.find(({ cause }) => cause === 'other')?.total).toBe(4);
  });

  it('still tells how long requests took that were pruned before their hour was summed', async () => {
    await request('old', NOW - 5 * 24 * 60 * MINUTE, { latencyMs: 700 });
    const told = () => new SeriesReadModel(db.service, { now: () => now, monotonic: () => now }).read('30d');
    const before = await told();
    expect(before.totals.latency_p95_ms).toBeGreaterThan(500);
    const pruner = new HistoryPruner(db.service, { ...RETENTION, days: 1, usageDays: 90 });
    expect(await pruner.prune(NOW)).toMatchObject({ requests: 1, latency_hours: 0 });
    expect(await told()).toEqual(before);
  });

  it('says that there is no history while there is no database', async () => {
    await db.service.close();
    await expect(series.read('24h')).rejects.toMatchObject({ code: 'database_unavailable' });
  });
});
