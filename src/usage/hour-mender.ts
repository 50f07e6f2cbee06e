import type { DatabaseService } from '../infra/database/database.service.js';
import { HOUR_MS, recountHour } from './hour-totals.js';
import { hoursWithRequests } from './hours-with-requests.js';
import { SqlQuery } from './sql-query.js';

/** As much of a database as mending needs. */
type MendedDatabase = Pick<DatabaseService, 'dialect' | 'readPatiently' | 'transaction'>;

/**
 * Recounts the hours since `from` (epoch ms; null = all) that hold fewer requests than have ended in them: those came
 * from a process of a version without these sums, or from another database. An hour that holds more outlives its
 * pruned requests and stays. Hour by hour, each found by the index: no statement takes long. Returns how many it mended.
 */
export async function mendHours(
  database: MendedDatabase,
  from: number | null,
  stopped: () => boolean = () => false,
): Promise<number> {
  let mended = 0;
  for await (const hour of hoursWithRequests(database, from)) {
    if (stopped()) break;
    if (await mendHour(database, hour)) mended += 1;
  }
  return mended;
}

/** Whether there was something to mend. */
export async function mendHour(database: MendedDatabase, hour: number): Promise<boolean> {
  const query = new SqlQuery(database.dialect).from('started_at', hour).before('started_at', hour + HOUR_MS);
  // One statement: a request and its part of the sum become visible together.
  const sql = `SELECT COUNT(*) AS "ended",
      (SELECT COALESCE(SUM("requests"), 0) FROM "usage_hours" WHERE "hour" = ${query.param(hour)}) AS "summed"
    FROM "requests"${query.where} AND "counted" = 3`;
  const [row] = await database.readPatiently<{ ended: number; summed: number }>(sql, query.params);
  if (row === undefined || row.ended <= row.summed) return false;
  await database.transaction((runner) => recountHour(runner, database.dialect, hour));
  return true;
}
