import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../infra/database/column-types.js';
import { countHours } from './hour-totals.js';
import { countKeyUsage } from './key-usage-totals.js';
import { REQUESTS } from './request-table.js';
import { countSessions, takeUncounted, type Uncounted } from './session-totals.js';
import type { SqlValue } from './sql-values.js';
import { insertMissing, upsertRows } from './table-writer.js';

/** What the totals need of a row. */
const UNCOUNTED = [
  'id',
  'session_id',
  'caller_id',
  'session_name',
  'session_source',
  'parent_thread_id',
  'resource_id',
  'started_at',
  'finished_at',
  'finish_rank',
  'input_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'total_tokens',
  'cost',
  'instance_id',
  'model',
  'served_model',
  'state',
] as const;
const PLACES = UNCOUNTED.map((column) => [column, REQUESTS.columns.indexOf(column)] as const);
const HAS_START = REQUESTS.columns.indexOf('has_start');

/**
 * Writes request rows, sorted by id, and brings the totals of their sessions, keys and hours up to them. Most rows are new, and of
 * those everything is known without asking: whoever's insert went through counts them. Rows that exist are merged,
 * and what they add is read from what they were.
 */
export async function writeRequests(
  runner: QueryRunner,
  dialect: Dialect,
  rows: SqlValue[][],
): Promise<void> {
  const inserted = await insertMissing(runner, dialect, REQUESTS, rows);
  const uncounted = rows.filter((row) => inserted.has(row[0]) && row[HAS_START] === 1).map(uncountedOf);
  const existing = rows.filter((row) => !inserted.has(row[0]));
  if (existing.length > 0) {
    await upsertRows(runner, dialect, REQUESTS, existing);
    const ids = existing.map((row) => row[0] ?? null);
    uncounted.push(...(await takeUncounted(runner, dialect, ids)));
  }
  await countSessions(runner, dialect, uncounted);
  await countKeyUsage(runner, dialect, uncounted);
  await countHours(runner, dialect, uncounted);
}

function uncountedOf(row: readonly SqlValue[]): Uncounted {
  const facts: Record<string, SqlValue> = { counted: 0 };
  for (const [column, place] of PLACES) facts[column] = row[place] ?? null;
  return facts as unknown as Uncounted;
}
