import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../infra/database/column-types.js';
import { countHours } from './hour-totals.js';
import { countKeyUsage } from './key-usage-totals.js';
import type { FinishedRecord } from './records.js';
import { finishRank, type RequestFold, requestRow, REQUESTS } from './request-table.js';
import { countSessions, takeUncounted, type Uncounted } from './session-totals.js';
import type { SqlValue } from './sql-values.js';
import { insertMissing, placeholders, upsertRows } from './table-writer.js';

const at = (column: string): number => REQUESTS.columns.indexOf(column);
/** Where the columns are that the totals need of a row. */
const PLACES = {
  id: at('id'),
  session_id: at('session_id'),
  caller_id: at('caller_id'),
  session_name: at('session_name'),
  session_source: at('session_source'),
  parent_thread_id: at('parent_thread_id'),
  resource_id: at('resource_id'),
  instance_id: at('instance_id'),
  model: at('model'),
  served_model: at('served_model'),
  state: at('state'),
  cost: at('cost'),
  started_at: at('started_at'),
  finished_at: at('finished_at'),
  finish_rank: at('finish_rank'),
  input_tokens: at('input_tokens'),
  cached_tokens: at('cached_tokens'),
  cache_write_tokens: at('cache_write_tokens'),
  output_tokens: at('output_tokens'),
  reasoning_tokens: at('reasoning_tokens'),
  total_tokens: at('total_tokens'),
};
const HAS_START = REQUESTS.columns.indexOf('has_start');

/**
 * Writes the rows of requests, sorted by id, and brings the totals of their sessions, keys and hours up to them. Most rows
 * are new, and of those everything is known without asking: whoever's insert went through counts them. Rows that exist are
 * merged, and what they add is read from what they were.
 */
export async function writeRequests(
  runner: QueryRunner,
  dialect: Dialect,
  folds: readonly RequestFold[],
): Promise<void> {
  const rows = folds.map(requestRow);
  const inserted = await insertMissing(runner, dialect, REQUESTS, rows);
  const ends = folds.map(({ finish }, n): End => ({ id: rows[n]?.[0] ?? null, finish }));
  const charged = await newlyCharged(runner, dialect, ends, inserted);
  const uncounted = rows.filter((row) => inserted.has(row[0]) && row[HAS_START] === 1).map(uncountedOf);
  const existing = rows.filter((row) => !inserted.has(row[0]));
  if (existing.length > 0) {
    await upsertRows(runner, dialect, REQUESTS, existing);
    const ids = existing.map((row) => row[0] ?? null);
    uncounted.push(...(await takeUncounted(runner, dialect, ids)));
  }
  await countSessions(runner, dialect, uncounted);
  await countKeyUsage(runner, dialect, uncounted, charged);
  await countHours(runner, dialect, uncounted);
}

interface End {
  /** As it is stored. */
  readonly id: SqlValue;
  readonly finish: FinishedRecord | null;
}

/**
 * Those with a charge whose end the database does not know yet, so that a copy of a record charges nothing. To be asked
 * before they are written; the rows there are get locked in the order in which they will be.
 */
async function newlyCharged(
  runner: QueryRunner,
  dialect: Dialect,
  ends: readonly End[],
  inserted: ReadonlySet<unknown>,
): Promise<FinishedRecord[]> {
  const existing = ends.filter(({ id }) => !inserted.has(id));
  const ranks = new Map<SqlValue, number>();
  if (existing.some(({ finish }) => finish?.charged)) {
    const list = placeholders(dialect, existing.length);
    const locked = dialect === 'postgres' ? ' COLLATE "C" FOR UPDATE' : '';
    const known = (await runner.query(
      `SELECT "id", "finish_rank" FROM "requests" WHERE "id" IN (${list}) ORDER BY "id"${locked}`,
      existing.map(({ id }) => id),
    )) as { readonly id: string; readonly finish_rank: number }[];
    for (const { id, finish_rank } of known) ranks.set(id, finish_rank);
  }
  return ends.flatMap(({ id, finish }) =>
    finish?.charged && finishRank(finish) > (ranks.get(id) ?? 0) ? [finish] : [],
  );
}

/** A literal: an object that gets its fields in a loop costs V8 twenty times as much. */
function uncountedOf(row: readonly SqlValue[]): Uncounted {
  const facts: Record<keyof Uncounted, SqlValue | undefined> = {
    counted: 0,
    id: row[PLACES.id],
    session_id: row[PLACES.session_id],
    caller_id: row[PLACES.caller_id],
    session_name: row[PLACES.session_name],
    session_source: row[PLACES.session_source],
    parent_thread_id: row[PLACES.parent_thread_id],
    resource_id: row[PLACES.resource_id],
    instance_id: row[PLACES.instance_id],
    model: row[PLACES.model],
    served_model: row[PLACES.served_model],
    state: row[PLACES.state],
    cost: row[PLACES.cost],
    started_at: row[PLACES.started_at],
    finished_at: row[PLACES.finished_at],
    finish_rank: row[PLACES.finish_rank],
    input_tokens: row[PLACES.input_tokens],
    cached_tokens: row[PLACES.cached_tokens],
    cache_write_tokens: row[PLACES.cache_write_tokens],
    output_tokens: row[PLACES.output_tokens],
    reasoning_tokens: row[PLACES.reasoning_tokens],
    total_tokens: row[PLACES.total_tokens],
  };
  return facts as unknown as Uncounted;
}
