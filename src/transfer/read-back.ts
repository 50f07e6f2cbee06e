import type { DatabaseService } from '../infra/database/database.service.js';
import type { SqlValue } from '../usage/sql-values.js';
import { SqlQuery } from '../usage/sql-query.js';
import { sameValue, storableRow } from './storable.js';
import type { TransferTable } from './transfer-plan.js';
import type { TransferRow } from './transfer-rules.js';

/** Rows of one comparison: few enough for their keys to fit into a statement. */
const ROWS = 500;

/** A row of the source that the target has otherwise, or not at all. */
export interface UnequalRow {
  readonly row: TransferRow;
  /** The target's row has more to it: nothing is missing there. */
  readonly known: boolean;
}

export async function unequalRows(
  target: DatabaseService,
  table: TransferTable,
  rows: readonly TransferRow[],
): Promise<UnequalRow[]> {
  const unequal: UnequalRow[] = [];
  for (let from = 0; from < rows.length; from += ROWS) {
    const part = rows.slice(from, from + ROWS);
    const expected = part.map((row) => asStored(row, table, target));
    const found = await rowsByKey(target, table, expected);
    for (const [i, row] of expected.entries()) {
      const there = found.get(nameOf(table, row));
      if (there !== undefined && isSame(table, there, row)) continue;
      const known = there !== undefined && table.rule.knowsMore(there, row);
      unequal.push({ row: part[i] ?? row, known });
    }
  }
  return unequal;
}

async function rowsByKey(
  target: DatabaseService,
  table: TransferTable,
  rows: readonly TransferRow[],
): Promise<Map<string, TransferRow>> {
  const query = new SqlQuery(target.dialect);
  const keys = rows.map(
    (row) => `(${table.key.map((column) => query.param(row[column] ?? null)).join(', ')})`,
  );
  // SQLite knows lists of rows only as VALUES; Postgres takes parameters there for text, whatever the column is.
  const list = target.dialect === 'sqlite' ? `VALUES ${keys.join(', ')}` : keys.join(', ');
  const columns = table.columns.map((column) => `"${column}"`).join(', ');
  const key = table.key.map((column) => `"${column}"`).join(', ');
  const found = await target.dataSource.query<TransferRow[]>(
    `SELECT ${columns} FROM "${table.table}" WHERE (${key}) IN (${list})`,
    query.params,
  );
  return new Map(found.map((row) => [nameOf(table, row), row]));
}

function asStored(row: TransferRow, table: TransferTable, target: DatabaseService): TransferRow {
  const values = storableRow(row, table, target.dialect);
  return Object.fromEntries(
    table.columns.map((column, i): [string, SqlValue] => [column, values[i] ?? null]),
  );
}

function nameOf(table: TransferTable, row: TransferRow): string {
  return JSON.stringify(table.key.map((column) => row[column]));
}

function isSame(table: TransferTable, a: TransferRow, b: TransferRow): boolean {
  return table.columns.every((column) => sameValue(a[column], b[column]));
}
