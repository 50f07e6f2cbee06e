import type { QueryRunner } from 'typeorm';
import { FAILED_STATES } from '../common/request-states.js';
import type { Dialect } from '../infra/database/column-types.js';
import { listed, type SqlValue } from './sql-values.js';
import { sumsByKey } from './sums-by-key.js';
import { placeholders, type TableSpec, upsertRows } from './table-writer.js';

export const TOKENS = [
  'input_tokens',
  'cached_tokens',
  'cache_write_tokens',
  'output_tokens',
  'reasoning_tokens',
  'total_tokens',
] as const;

/** Whether a request has failed; running ones have not. */
export const FAILED = `CASE WHEN "state" IN (${listed(FAILED_STATES)}) THEN 1 ELSE 0 END`;
export function hasFailed({ state }: { readonly state: string }): boolean {
  return FAILED_STATES.some((one) => one === state);
}

/**
 * Failures of a session as it is told. Where a version without this sum counted an interrupted request, its real end takes
 * away what was never added.
 */
export const FAILED_TOTAL = `CASE WHEN "failed_requests" > 0 THEN "failed_requests" ELSE 0 END`;

type Tokens = Record<(typeof TOKENS)[number], number | null>;

/** The same in SQL and here: tokens were told, and nobody knows what they cost. */
export const UNPRICED = `COALESCE("total_tokens", "input_tokens", "output_tokens") IS NOT NULL AND "cost" IS NULL`;
export function isUnpriced(row: Tokens & { readonly cost: number | null }): boolean {
  return row.cost === null && (row.total_tokens ?? row.input_tokens ?? row.output_tokens) !== null;
}

/** A request row that the totals of its session do not have yet, or not in its present state. */
export interface Uncounted extends Tokens {
  readonly id: string;
  readonly session_id: string | null;
  readonly caller_id: string;
  readonly session_name: string | null;
  readonly session_source: string | null;
  readonly parent_thread_id: string | null;
  readonly resource_id: string | null;
  readonly instance_id: string;
  readonly model: string | null;
  readonly served_model: string | null;
  readonly state: string;
  readonly cost: number | null;
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly finish_rank: number;
  readonly counted: number;
}

const latest = (column: string, key: string) =>
  `"${column}" = CASE WHEN excluded."${key}" IS NOT NULL AND ("sessions"."${key}" IS NULL OR excluded."${key}" >= "sessions"."${key}")
    THEN excluded."${column}" ELSE "sessions"."${column}" END`;
const added = (column: string) =>
  `"${column}" = CASE WHEN excluded."${column}" IS NULL THEN "sessions"."${column}"
    ELSE COALESCE("sessions"."${column}", 0) + excluded."${column}" END`;
const extreme = (column: string, sign: '<' | '>') =>
  `"${column}" = CASE WHEN excluded."${column}" ${sign} "sessions"."${column}" THEN excluded."${column}" ELSE "sessions"."${column}" END`;

/** What the latest request says, and of the parent the first one, whoever brings it. */
export const SESSION_FACTS: readonly string[] = [
  latest('name', 'name_key'),
  latest('name_key', 'name_key'),
  latest('source', 'last_key'),
  // The first request is the session's own; later ones may be of sub-agents, whose parent is a thread of this very session.
  `"parent_thread_id" = CASE WHEN excluded."first_seen_at" < "sessions"."first_seen_at" THEN excluded."parent_thread_id" ELSE "sessions"."parent_thread_id" END`,
  latest('last_key', 'last_key'),
  latest('last_resource_id', 'resource_key'),
  latest('resource_key', 'resource_key'),
  extreme('first_seen_at', '<'),
  extreme('last_seen_at', '>'),
];

export const SESSIONS: TableSpec = {
  table: 'sessions',
  columns: [
    'id',
    'caller_id',
    'name',
    'name_key',
    'source',
    'parent_thread_id',
    'last_key',
    'first_seen_at',
    'last_seen_at',
    'last_resource_id',
    'resource_key',
    'request_count',
    ...TOKENS,
    'cost',
    'unpriced_requests',
    'failed_requests',
  ],
  key: ['id', 'caller_id'],
  onConflict: `UPDATE SET ${[
    ...SESSION_FACTS,
    '"request_count" = "sessions"."request_count" + excluded."request_count"',
    ...[...TOKENS, 'cost', 'unpriced_requests', 'failed_requests'].map(added),
  ].join(', ')}`,
};

const COLUMNS = `"id", "session_id", "caller_id", "session_name", "session_source", "parent_thread_id", "resource_id",
  "instance_id", "model", "served_model", "state", "cost", "started_at", "finished_at", "finish_rank", "counted", ${TOKENS.map((column) => `"${column}"`).join(', ')}`;
/** What `counted` should be: 1 started, 2 interrupted, 3 finished. */
const LEVEL = '1 + "finish_rank"';

/**
 * Which of these request rows the totals of their sessions do not have yet, or not in their present state; marks them
 * as counted. Each row carries how far it has been counted, so a copy of a record adds nothing, and the cost does not
 * grow with the length of a session, as recomputing would; totals also outlive pruned requests. Two writers with the
 * same request are serialised by its row lock, which the upsert before has taken.
 */
export async function takeUncounted(
  runner: QueryRunner,
  dialect: Dialect,
  requestIds: readonly SqlValue[],
): Promise<Uncounted[]> {
  const list = placeholders(dialect, requestIds.length);
  const rows = (await runner.query(
    `SELECT ${COLUMNS} FROM "requests" WHERE "id" IN (${list}) AND "has_start" = 1 AND "counted" < ${LEVEL}`,
    [...requestIds],
  )) as Uncounted[];
  if (rows.length === 0) return rows;
  await runner.query(
    `UPDATE "requests" SET "counted" = ${LEVEL} WHERE "id" IN (${placeholders(dialect, rows.length)})`,
    rows.map((row) => row.id),
  );
  return rows;
}

/** Adds them to their sessions, in the transaction that marked them as counted. */
export async function countSessions(
  runner: QueryRunner,
  dialect: Dialect,
  rows: readonly Uncounted[],
): Promise<void> {
  await upsertRows(runner, dialect, SESSIONS, sessionRows(rows));
}

function sessionRows(rows: readonly Uncounted[]): SqlValue[][] {
  const ofSessions = rows.filter((row) => row.session_id !== null);
  return sumsByKey(ofSessions, (row) => `${row.session_id}\u0000${row.caller_id}`, sessionRow);
}

function sessionRow(group: readonly Uncounted[]): SqlValue[] {
  const sorted = group.toSorted((a, b) => (orderKey(a) < orderKey(b) ? -1 : 1));
  const last = sorted.at(-1) as Uncounted;
  const named = sorted.findLast((row) => row.session_name !== null);
  const placed = sorted.findLast((row) => row.resource_id !== null);
  const finished = group.filter((row) => row.finish_rank === 2);
  return [
    last.session_id,
    last.caller_id,
    named?.session_name ?? null,
    named === undefined ? null : orderKey(named),
    last.session_source,
    sorted[0]?.parent_thread_id ?? null,
    orderKey(last),
    Math.min(...group.map((row) => row.started_at)),
    // The end of an interrupted request is a guess that a real one may replace: it does not count.
    Math.max(...group.map((row) => row.started_at), ...finished.map((row) => row.finished_at ?? 0)),
    placed?.resource_id ?? null,
    placed === undefined ? null : orderKey(placed),
    group.filter((row) => row.counted === 0).length,
    ...[...TOKENS, 'cost' as const].map((column) => sum(finished.map((row) => row[column]))),
    finished.filter(isUnpriced).length,
    group.map(newFailures).reduce((a, b) => a + b, 0),
  ];
}

/** An interrupted one was counted as failed, and a real end may say that it was not. */
function newFailures({ state, counted }: Uncounted): number {
  return (hasFailed({ state }) ? 1 : 0) - (counted === 2 ? 1 : 0);
}

/** Orders requests by their start, the same on every dialect. */
function orderKey(row: Uncounted): string {
  return `${String(row.started_at).padStart(15, '0')}:${row.id}`;
}

/** Null when nobody said anything; zero when somebody said zero. */
export function sum(values: readonly (number | null)[]): number | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : known.reduce((a, b) => a + b, 0);
}
