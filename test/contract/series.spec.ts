import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SeriesReadModel } from '../../src/usage/series.read-model.js';
import { Recorder } from '../../src/usage/recorder.js';
import type { TelemetryRecord } from '../../src/usage/records.js';
import { openDatabase, type TestDatabase } from '../support/database.js';
import { stopPostgres } from '../support/postgres.js';
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

  it('says that there is no history while there is no database', async () => {
    await db.service.close();
    await expect(series.read('24h')).rejects.toMatchObject({ code: 'database_unavailable' });
  });
});
