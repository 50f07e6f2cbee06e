import { type Column, table } from './table.js';

/** Rows as a table, or one JSON value per line. */
export function print<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
  how: { readonly json: boolean; readonly none: string },
): void {
  if (how.json) return printJson(rows);
  const lines = rows.length === 0 ? [how.none] : table(columns, rows);
  process.stdout.write(`${lines.join('\n')}\n`);
}

export function printJson(rows: readonly unknown[]): void {
  for (const row of rows) process.stdout.write(`${JSON.stringify(row)}\n`);
}
