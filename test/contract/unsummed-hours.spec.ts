import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AppConfig } from '../../src/config/app-config.js';
import { DiagnosisReadModel } from '../../src/usage/diagnosis.read-model.js';
import { HistoryPruner } from '../../src/usage/history-pruner.js';
import { HOUR_MS } from '../../src/usage/hour-totals.js';
import { Recorder } from '../../src/usage/recorder.js';
import { openDatabase, type TestDatabase } from '../support/database.js';
import { stopPostgres } from '../support/postgres.js';
import { RETENTION } from '../support/retention.js';
import { finished, started } from '../support/telemetry-records.js';

const NOW = 1_795_400_000_000;

afterAll(stopPostgres);

describe.each(['sqlite', 'postgres'] as const)('an hour of days ago that is in no sum, in %s', (dialect) => {
  let db: TestDatabase;

  beforeEach(async () => {
    db = await openDatabase(dialect);
  });
  afterEach(() => db.close());

  const run = (sql: string): Promise<unknown> => db.service.dataSource.query(sql);
  const prune = async (): Promise<number> => {
    const pruner = new HistoryPruner(db.service, RETENTION);
    await pruner.prune(NOW);
    return pruner.unsummed.hours.length;
  };
  const announced = async (): Promise<number> => {
    const config = { retention: RETENTION, upstream: { totalTimeoutMs: HOUR_MS } } as AppConfig;
    return (await new DiagnosisReadModel(db.service, config).unsummed(NOW)).hours;
  };
  const answeredAgo = async (...hours: number[]): Promise<void> => {
    const records = hours.flatMap((ago) => {
      const at = NOW - ago * HOUR_MS;
      return [started(`r${ago}`, { at }), finished(`r${ago}`, { startedAt: at, at: at + 1 })];
    });
    await new Recorder(db.service).write(records.map((record) => ({ record, body: null })));
  };

  it('is summed by the next run when it can be again', async () => {
    const bad = NOW - 72 * HOUR_MS - (NOW % HOUR_MS);
    await run(
      dialect === 'postgres'
        ? `ALTER TABLE "latency_hours" ADD CONSTRAINT "refused" CHECK ("hour" <> ${bad})`
        : `CREATE TRIGGER "refused" BEFORE INSERT ON "latency_hours" WHEN NEW."hour" = ${bad}
            BEGIN SELECT RAISE(ABORT, 'it is refused'); END`,
    );
    await answeredAgo(73, 72, 71, 30, 5);
    expect([await prune(), await announced()]).toEqual([1, 1]);
    // Still tried: who looks hears of it.
    expect([await prune(), await announced()]).toEqual([1, 1]);
    await run(
      dialect === 'postgres'
        ? 'ALTER TABLE "latency_hours" DROP CONSTRAINT "refused"'
        : 'DROP TRIGGER "refused"',
    );
    expect([await prune(), await announced()]).toEqual([0, 0]);
  });

  it('is summed where its records have come late', async () => {
    await answeredAgo(90, 5);
    expect([await prune(), await announced()]).toEqual([0, 0]);
    await answeredAgo(70, 69);
    expect(await announced()).toBe(2);
    expect([await prune(), await announced()]).toEqual([0, 0]);
  });
});
