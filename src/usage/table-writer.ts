import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../infra/database/column-types.js';

export type SqlValue = string | number | Buffer | null;

export interface TableSpec {
  readonly table: string;
  readonly columns: readonly string[];
  /** Key columns; rows that meet an existing one go through `onConflict`. */
  readonly key: readonly string[];
  /** `NOTHING`, or `UPDATE SET …` where `excluded` is the new row. */
  readonly onConflict: string;
}

/** Both dialects take more parameters in one statement (32,766 and 65,535); parsing gains nothing beyond this. */
const MAX_PARAMS = 8_000;

/** Multi-row upserts. Rows must be unique by key within a call, and sorted by it: two writers then lock in one order. */
export async function upsertRows(
  runner: QueryRunner,
  dialect: Dialect,
  spec: TableSpec,
  rows: readonly (readonly SqlValue[])[],
): Promise<void> {
  const perStatement = Math.max(1, Math.floor(MAX_PARAMS / spec.columns.length));
  for (let start = 0; start < rows.length; start += perStatement) {
    const slice = rows.slice(start, start + perStatement);
    await runner.query(statement(dialect, spec, slice.length), slice.flat());
  }
}

/** `"id" IN (…)` for a list that may be empty nowhere it is used. */
export function placeholders(dialect: Dialect, count: number): string {
  const list: string[] = [];
  for (let n = 1; n <= count; n++) list.push(dialect === 'postgres' ? `$${n}` : '?');
  return list.join(', ');
}

const cache = new Map<string, string>();
const CACHED = 512;

/** The text depends on the number of rows only: batches of one size come again and again. */
function statement(dialect: Dialect, spec: TableSpec, rows: number): string {
  const cacheKey = `${dialect}:${spec.table}:${rows}`;
  let sql = cache.get(cacheKey);
  if (sql === undefined) {
    if (cache.size >= CACHED) cache.clear();
    sql = build(dialect, spec, rows);
    cache.set(cacheKey, sql);
  }
  return sql;
}

function build(dialect: Dialect, spec: TableSpec, rows: number): string {
  const width = spec.columns.length;
  const tuples: string[] = [];
  for (let row = 0; row < rows; row++) {
    const marks = spec.columns.map((_, column) =>
      dialect === 'postgres' ? `$${row * width + column + 1}` : '?',
    );
    tuples.push(`(${marks.join(',')})`);
  }
  const columns = spec.columns.map(quote).join(', ');
  return `INSERT INTO "${spec.table}" (${columns}) VALUES ${tuples.join(',')} ON CONFLICT (${spec.key.map(quote).join(', ')}) DO ${spec.onConflict}`;
}

function quote(name: string): string {
  return `"${name}"`;
}
