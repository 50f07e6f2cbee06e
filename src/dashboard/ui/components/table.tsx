import type { ComponentChildren, HTMLAttributes, JSX } from 'preact';

export interface Column<Row> {
  /** Unique within the table. */
  readonly key: string;
  readonly head: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** Right-aligned, figures of one width. */
  readonly number?: boolean;
  /** May break into lines and take what room is left. */
  readonly wide?: boolean;
  /** Cut where it is long; its title should have it whole. */
  readonly clipped?: boolean;
  /** May break into lines where the rest of the table would not fit beside it; a narrow screen scrolls. */
  readonly folds?: boolean;
  /** Left out between a narrow screen, which scrolls, and a wide one, which has room. */
  readonly spare?: boolean;
  /** Explains the head. */
  readonly title?: string;
  /** The cell names its row. */
  readonly names?: boolean;
}

type RowAttributes = HTMLAttributes<HTMLTableRowElement> & { readonly [name: `data-${string}`]: string };

interface Props<Row> {
  readonly id?: string;
  /** Says what the table is to whoever does not see its heading; unique on the page. */
  readonly caption: string;
  readonly captionShown?: boolean;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /** Further attributes of a row, as `data-…` or `class`. */
  readonly rowProps?: (row: Row) => RowAttributes;
  readonly busy?: boolean;
}

/** A real table that scrolls sideways in itself, by keyboard too, where the screen is narrow. */
export function Table<Row>(props: Props<Row>): JSX.Element {
  return (
    <div class="scroll" tabIndex={0} role="group" aria-label={props.caption} aria-busy={props.busy === true}>
      <table id={props.id}>
        <caption class={props.captionShown === true ? '' : 'unseen'}>{props.caption}</caption>
        <thead>
          <tr>
            {props.columns.map((column) => (
              <th key={column.key} scope="col" class={classOf(column)} title={column.title}>
                {column.head}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {props.rows.map((row) => (
            <tr key={props.rowKey(row)} {...props.rowProps?.(row)}>
              {props.columns.map((column) => cellOf(column, row))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function cellOf<Row>(column: Column<Row>, row: Row): JSX.Element {
  return column.names === true ? (
    <th key={column.key} scope="row" class={classOf(column)}>
      {column.cell(row)}
    </th>
  ) : (
    <td key={column.key} class={classOf(column)}>
      {column.cell(row)}
    </td>
  );
}

function classOf<Row>(column: Column<Row>): string {
  const looks = ['number', 'wide', 'clipped', 'folds', 'spare'] as const;
  return looks.filter((look) => column[look] === true).join(' ');
}
