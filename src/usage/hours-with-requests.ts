import type { DatabaseService } from '../infra/database/database.service.js';
import { HOUR_MS } from './hour-totals.js';
import { SqlQuery } from './sql-query.js';

/** As much of a database as looking for hours needs. */
type HourDatabase = Pick<DatabaseService, 'dialect' | 'readPatiently'>;

/**
 * The hours with requests, not before that of `from` (epoch ms; null = all of them). Each is looked for when it is asked
 * for, by the index: no statement takes long.
 */
export async function* hoursWithRequests(
  database: HourDatabase,
  from: number | null,
): AsyncGenerator<number> {
  let hour = await nextHour(database, from);
  while (hour !== null) {
    yield hour;
    hour = await nextHour(database, hour + HOUR_MS);
  }
}

/** The first of them; null = there is none. */
async function nextHour(database: HourDatabase, from: number | null): Promise<number | null> {
  const start = from === null ? null : from - (from % HOUR_MS);
  const query = new SqlQuery(database.dialect).from('started_at', start);
  const sql = `SELECT MIN("started_at") AS "at" FROM "requests"${query.where}`;
  const [row] = await database.readPatiently<{ at: number | null }>(sql, query.params);
  const at = row?.at ?? null;
  return at === null ? null : at - (at % HOUR_MS);
}
