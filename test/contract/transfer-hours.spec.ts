import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DataTransfer } from '../../src/transfer/data-transfer.js';
import { TransferSource } from '../../src/transfer/transfer-source.js';
import { HOUR_MS } from '../../src/usage/hour-totals.js';
import { sumLatencies } from '../../src/usage/latency-hours.js';
import { HistoryPruner } from '../../src/usage/history-pruner.js';
import { openDatabase, type TestDatabase } from '../support/database.js';
import { stopPostgres } from '../support/postgres.js';
import { RETENTION } from '../support/retention.js';
import { finished, started } from '../support/telemetry-records.js';
import { write } from '../support/transfer-databases.js';

const DAY_MS = 24 * HOUR_MS;
const BEGIN = 1_795_400_000_000 - (1_795_400_000_000 % HOUR_MS);
/** Two hours whose requests go, the first altogether, the second in part; and one whose requests stay. */
const TIMES = [0, 1, HOUR_MS, HOUR_MS + 10, HOUR_MS + 20, 2 * HOUR_MS].map((ms) => BEGIN + ms);

afterAll(stopPostgres);

describe.each([
  ['sqlite', 'postgres'],
  ['postgres', 'sqlite'],
] as const)('sums by the hour that move from %s to %s', (from, to) => {
  let source: TestDatabase;
  let target: TestDatabase;
  beforeEach(async () => {
    source = await openDatabase(from);
    target = await openDatabase(to);
    for (const [n, at] of TIMES.entries()) await end(source, `req_${n}`, at);
  });
  afterEach(async () => {
    await source.close();
    await target.close();
  });

  const end = (db: TestDatabase, id: string, at: number): Promise<void> =>
    write(db.service, started(id, { at }), finished(id, { startedAt: at, at: at + 5 }));

  /** As an operator has it who keeps sums longer than requests. */
  const prune = (db: TestDatabase): Promise<unknown> =>
    new HistoryPruner(db.service, { ...RETENTION, days: 1, usageDays: 90 }).prune(
      BEGIN + DAY_MS + HOUR_MS + 15,
    );

  const move = async (): Promise<void> => {
    const opened = await TransferSource.open(source.config, 'source');
    try {
      const { finished: over } = await new DataTransfer(opened, target.service).run(() => undefined);
      expect(over).toBe(true);
    } finally {
      await opened.close();
    }
  };

  const hours = (db: TestDatabase): Promise<object[]> =>
    db.service.dataSource.query('SELECT * FROM "usage_hours" ORDER BY "hour", "model", "resource_id"');
  const requests = async (db: TestDatabase): Promise<unknown[]> =>
    (await hours(db)).map((row) => (row as { requests: number }).requests);

  it('come with latencies of hours before those that the target had summed', async () => {
    await end(target, 'req_later', BEGIN + 3 * HOUR_MS);
    await sumLatencies(target.service, BEGIN + 5 * HOUR_MS, 0);
    await move();
    const summed = await target.service.dataSource.query<{ requests: number }[]>(
      'SELECT "requests" FROM "latency_hours" ORDER BY "hour"',
    );
    expect(summed.map((row) => row.requests)).toEqual([2, 3, 1, 1]);
  });

  it('arrive though their requests are gone, and stay when the move is run again', async () => {
    await prune(source);
    const before = await hours(source);
    expect(await requests(source)).toEqual([2, 3, 1]);
    for (let runs = 0; runs < 2; runs++) {
      await move();
      expect(await hours(target)).toEqual(before);
    }
  }, 60_000);

  it('stay as they are in a target whose requests go after a move', async () => {
    await move();
    const before = await hours(target);
    await prune(source);
    await prune(target);
    await move();
    expect(await hours(target)).toEqual(before);
  }, 60_000);

  it('add up the requests of both where a proxy uses the target', async () => {
    await end(target, 'req_new', BEGIN + 2 * HOUR_MS + 30);
    await prune(source);
    await move();
    expect(await requests(target)).toEqual([2, 3, 2]);
    await end(source, 'req_more', BEGIN + 2 * HOUR_MS + 40);
    await move();
    expect(await requests(target)).toEqual([2, 3, 3]);
  }, 60_000);
});
