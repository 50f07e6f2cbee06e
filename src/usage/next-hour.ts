import type { DatabaseService } from '../infra/database/database.service.js';
import { HOUR_MS } from './hour-totals.js';
import { SqlQuery } from './sql-query.js';

/** The first hour with requests, not before that of `from` (epoch ms; null = of all); null = there is none. */
export async function nextHour(
  database: Pick<DatabaseService, 'dialect' | 'readPatiently'>,
  from: number | null,
): Promise<number | null> {
  const start = from === null ? null : from - (from % HOUR_MS);
  const query = new SqlQuery(database.dialect).from('started_at', start);
  const sql = `SELECT MIN("started_at") AS "at" FROM "requests"${query.where}`;
  const [row] = await database.readPatiently<{ at: number | null }>(sql, query.params);
  const at = row?.at ?? null;
  return at === null ? null : at - (at % HOUR_MS);
}
