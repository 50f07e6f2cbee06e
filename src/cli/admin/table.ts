export interface Column<Row> {
  readonly title: string;
  readonly value: (row: Row) => string;
  /** Numbers stand right. */
  readonly right?: boolean;
  /** Longer text is cut. */
  readonly max?: number;
}

/** What a terminal would act on: names come from clients. */
const CONTROL = /[\p{Cc}\p{Cf}\u2028\u2029]/gu;

export function plain(text: string): string {
  return text.replaceAll(CONTROL, '·');
}

/** Lines of a table: titles, then rows; columns as wide as what is in them. */
export function table<Row>(columns: readonly Column<Row>[], rows: readonly Row[]): string[] {
  const cells = rows.map((row) => columns.map((column) => cellOf(column, row)));
  const widths = columns.map(({ title }, i) =>
    cells.reduce((width, row) => Math.max(width, row[i]?.length ?? 0), title.length),
  );
  const titles = columns.map(({ title }) => title.toUpperCase());
  return [titles, ...cells].map((row) => joined(columns, row, widths));
}

/** One row of a table whose later rows are not known yet, in columns of `width`. */
export function line<Row>(columns: readonly (Column<Row> & { readonly width: number })[], row: Row): string {
  return joined(
    columns,
    columns.map((column) => cellOf(column, row)),
    columns.map(({ width }) => width),
  );
}

function cellOf<Row>({ value, max = 60 }: Column<Row>, row: Row): string {
  const text = plain(value(row));
  return text.length > max ? `${text.slice(0, max - 1)}…` : text;
}

function joined<Row>(
  columns: readonly Column<Row>[],
  cells: readonly string[],
  widths: readonly number[],
): string {
  return columns
    .map(({ right = false }, i) => {
      const [cell, width] = [cells[i] ?? '', widths[i] ?? 0];
      return right ? cell.padStart(width) : cell.padEnd(width);
    })
    .join('  ')
    .trimEnd();
}
