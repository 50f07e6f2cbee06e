import type { DatabaseService } from '../infra/database/database.service.js';
import { mendHour } from './hour-mender.js';
import { HOUR_MS } from './hour-totals.js';
import { hoursWithRequests } from './hours-with-requests.js';
import { sumHour, summedUntil } from './latency-hours.js';
import { SqlQuery } from './sql-query.js';
import { unsummedSql } from './unsummed-sql.js';

/** Longer than processes of two versions work side by side. */
const MENDED_MS = 48 * 60 * 60_000;
/** One bad hour keeps no other from being summed; where so many fail, all would. */
const IN_A_ROW = 3;

type SummedDatabase = Pick<DatabaseService, 'dialect' | 'readPatiently' | 'transaction'>;

/** Hours (their first millisecond) whose sums could not be made: what they would be made of must stay. */
export interface UnsummedHours {
  readonly hours: readonly number[];
  /** Nothing from here on was looked at; null = all was. */
  readonly from: number | null;
  readonly error: unknown;
}

export const ALL_SUMMED: UnsummedHours = { hours: [], from: null, error: null };

/**
 * Makes the sums that lack something: of hours with requests from before `due`, which are about to go, of recent ones, and
 * of those between that are in no sum.
 */
export async function sumHours(
  database: SummedDatabase,
  now: number,
  due: number,
  stopped: () => boolean,
): Promise<UnsummedHours> {
  const failed: number[] = [];
  let [reached, inARow, error]: [number, number, unknown] = [0, 0, null];
  try {
    for await (const hour of hoursToSum(database, now, due)) {
      if (stopped()) break;
      reached = hour;
      try {
        await mendHour(database, hour);
        if (hour + HOUR_MS <= now) await sumHour(database, hour);
        inARow = 0;
      } catch (e: unknown) {
        error = e;
        failed.push(hour);
        if (++inARow === IN_A_ROW) return { hours: failed, from: hour, error };
      }
    }
  } catch (e: unknown) {
    return { hours: failed, from: reached, error: e };
  }
  return { hours: failed, from: null, error };
}

async function* hoursToSum(database: SummedDatabase, now: number, due: number): AsyncGenerator<number> {
  const since = Math.min((await summedUntil(database)) ?? 0, now - MENDED_MS);
  const recent = since - (since % HOUR_MS);
  for await (const hour of hoursWithRequests(database, null)) {
    if (hour >= Math.min(due, recent)) break;
    yield hour;
  }
  yield* hoursWithRequests(database, recent);
  // Last: hours that stay bad must not keep new ones from being summed. Nothing of these is about to go.
  const query = new SqlQuery(database.dialect);
  const sql = unsummedSql(query, Math.ceil(due / HOUR_MS) * HOUR_MS, recent - 1);
  for (const { hour } of await database.readPatiently<{ hour: number }>(sql, query.params)) yield hour;
}
