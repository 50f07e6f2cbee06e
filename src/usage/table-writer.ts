import type { QueryRunner } from 'typeorm';
import type { Dialect } from '../infra/database/column-types.js';
import { type SqlValue, SqlValues } from './sql-values.js';

export interface TableSpec {
  readonly table: string;
  readonly columns: readonly string[];
  /** Key columns; rows that meet an existing one go through `onConflict`. */
  readonly key: readonly string[];
  /** `NOTHING`, or `UPDATE SET …` where `excluded` is the new row. */
  readonly onConflict: string;
}

type Row = readonly SqlValue[];

/** Both dialects take more parameters in one statement (32,766 and 65,535); parsing gains nothing beyond this. */
const MAX_PARAMS = 8_000;
/** SQLite takes statements of a million bytes, and a row can be large. */
const MAX_TEXT = 200_000;

/** Multi-row upserts. Rows must be unique by key within a call, and sorted by it: two writers then lock in one order. */
export async function upsertRows(
  runner: QueryRunner,
  dialect: Dialect,
  spec: TableSpec,
  rows: readonly Row[],
): Promise<void> {
  const told = toldColumns(spec, rows);
  for (const values of statements(dialect, told, rows)) {
    await runner.query(`${insertInto(spec, told, values)} DO ${spec.onConflict}`, values.params);
  }
}

/** Inserts the rows that are not there yet; the keys (of one column) of those that were not. */
export async function insertMissing(
  runner: QueryRunner,
  dialect: Dialect,
  spec: TableSpec,
  rows: readonly Row[],
): Promise<Set<unknown>> {
  const inserted = new Set<unknown>();
  const [key] = spec.key;
  const told = toldColumns(spec, rows);
  for (const values of statements(dialect, told, rows)) {
    // The space: TypeORM's SQLite runner drops what statements beginning with INSERT return.
    const sql = ` ${insertInto(spec, told, values)} DO NOTHING RETURNING "${key}" AS "key"`;
    for (const row of (await runner.query(sql, values.params)) as { key: unknown }[]) inserted.add(row.key);
  }
  return inserted;
}

/** `"id" IN (…)` for a list that may be empty nowhere it is used. */
export function placeholders(dialect: Dialect, count: number): string {
  const list: string[] = [];
  for (let n = 1; n <= count; n++) list.push(dialect === 'postgres' ? `$${n}` : '?');
  return list.join(', ');
}

/**
 * Places of the columns that some row says anything in. The others are null without being named, in the new row as in
 * `excluded`: a third of what a request would have to be parsed or bound for.
 */
function toldColumns({ columns, key }: TableSpec, rows: readonly Row[]): readonly number[] {
  const told: number[] = [];
  for (const [place, name] of columns.entries())
    if (key.includes(name) || rows.some((row) => (row[place] ?? null) !== null)) told.push(place);
  return told;
}

function* statements(dialect: Dialect, told: readonly number[], rows: readonly Row[]): Generator<SqlValues> {
  let values = new SqlValues(dialect, told);
  for (const row of rows) {
    if (values.params.length + told.length > MAX_PARAMS || values.size > MAX_TEXT) {
      yield values.close();
      values = new SqlValues(dialect, told);
    }
    values.addRow(row);
  }
  if (!values.empty) yield values.close();
}

function insertInto(spec: TableSpec, told: readonly number[], values: SqlValues): string {
  const columns = told.map((place) => quote(spec.columns[place] ?? '')).join(', ');
  return `INSERT INTO "${spec.table}" (${columns}) VALUES ${values.text} ON CONFLICT (${spec.key.map(quote).join(', ')})`;
}

function quote(name: string): string {
  return `"${name}"`;
}
