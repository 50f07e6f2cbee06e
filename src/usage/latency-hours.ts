import type { DatabaseService } from '../infra/database/database.service.js';
import { HOUR_MS } from './hour-totals.js';
import { hoursWithRequests } from './hours-with-requests.js';
import { LATENCY_BOUNDS } from './series-slices.js';
import { SqlQuery } from './sql-query.js';

/** Null = was not answered. Indexes are stored: other bounds want `latency_hours` emptied, which retention fills again. */
export const BUCKET = `CASE WHEN "state" NOT IN ('completed', 'incomplete') OR "latency_ms" IS NULL THEN NULL ${LATENCY_BOUNDS.map(
  (bound, n) => `WHEN "latency_ms" < ${bound} THEN ${n}`,
).join(' ')} ELSE ${LATENCY_BOUNDS.length} END`;

/** As much of a database as this needs. */
type SummedDatabase = Pick<DatabaseService, 'dialect' | 'readPatiently' | 'transaction'>;

/**
 * Sums up the latencies of every hour with requests that is over by `now`, from the last one summed on, and from `from` at
 * the latest: until then records come late. An hour that holds more answers than there are requests outlives those that
 * were pruned, and stays. Only for charts: what is not summed yet, `SeriesReadModel` reads from the requests.
 */
export async function sumLatencies(
  database: SummedDatabase,
  now: number,
  from: number,
  stopped: () => boolean = () => false,
): Promise<void> {
  const summed = await summedUntil(database);
  const current = now - (now % HOUR_MS);
  for await (const hour of hoursWithRequests(database, summed === null ? null : Math.min(summed, from))) {
    if (hour >= current || stopped()) break;
    await sumHour(database, hour);
  }
}

/** Start of the first hour after all that are summed; null = none is. */
export async function summedUntil(database: SummedDatabase): Promise<number | null> {
  const [row] = await database.readPatiently<{ hour: number | null }>(
    'SELECT MAX("hour") AS "hour" FROM "latency_hours"',
    [],
  );
  const last = row?.hour ?? null;
  return last === null ? null : last + HOUR_MS;
}

export async function sumHour(database: SummedDatabase, hour: number): Promise<void> {
  const of = new SqlQuery(database.dialect).from('started_at', hour).before('started_at', hour + HOUR_MS);
  const counted = `SELECT ${BUCKET} AS "bucket", COUNT(*) AS "requests" FROM "requests"${of.where} AND "counted" = 3 GROUP BY 1`;
  const rows = await database.readPatiently<{ bucket: number | null; requests: number }>(counted, of.params);
  const answered = rows.filter(({ bucket }) => bucket !== null);
  const known = new SqlQuery(database.dialect).equal('hour', hour);
  const [row] = await database.readPatiently<{ answered: number | null }>(
    `SELECT SUM("requests") AS "answered" FROM "latency_hours"${known.where}`,
    known.params,
  );
  if (answered.reduce((sum, { requests }) => sum + requests, 0) <= (row?.answered ?? 0)) return;
  const into = new SqlQuery(database.dialect);
  const values = answered.map(
    ({ bucket, requests }) => `(${into.param(hour)}, ${into.param(bucket)}, ${into.param(requests)})`,
  );
  await database.transaction(async (runner) => {
    await runner.query(`DELETE FROM "latency_hours"${known.where}`, known.params);
    // One process has the turn; should two have it, both bring the same.
    await runner.query(
      `INSERT INTO "latency_hours" ("hour", "bucket", "requests") VALUES ${values.join(', ')}
        ON CONFLICT ("hour", "bucket") DO UPDATE SET "requests" = excluded."requests"`,
      into.params,
    );
  });
}
