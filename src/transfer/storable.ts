import type { Dialect } from '../infra/database/column-types.js';
import type { SqlValue } from '../usage/sql-values.js';
import type { TransferRow } from './transfer-rules.js';
import type { TransferTable } from './transfer-plan.js';

const NUL = '\u0000';

/** A row as the target can take it. SQLite keeps fractions in integer columns and NUL in text; Postgres neither. */
export function storableRow(
  row: TransferRow,
  table: Pick<TransferTable, 'columns' | 'numeric'>,
  target: Dialect,
): SqlValue[] {
  return table.columns.map((column) => {
    const value = row[column] ?? null;
    if (target === 'sqlite') return value;
    if (typeof value === 'string') return value.includes(NUL) ? value.replaceAll(NUL, '\uFFFD') : value;
    if (typeof value === 'number' && table.numeric.includes(column)) return Math.round(value);
    return value;
  });
}

/** The same value, whichever database it comes from. */
export function sameValue(a: SqlValue | undefined, b: SqlValue | undefined): boolean {
  if (Buffer.isBuffer(a) && Buffer.isBuffer(b)) return a.equals(b);
  return (a ?? null) === (b ?? null);
}
