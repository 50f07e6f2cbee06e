import type { JSX } from 'preact';
import { type Column, Table } from '../components/table.js';
import type { Fallback } from './diagnosis-wire.js';

const COLUMNS: readonly Column<Fallback>[] = [
  {
    key: 'model',
    head: 'Model or alias',
    names: true,
    cell: (row) => <span class="wraps">{row.model}</span>,
  },
  {
    key: 'where',
    head: 'Would go to',
    cell: (row) => (
      <>
        {row.resource_id ?? 'nobody'}
        {row.used && <strong class="good why">this one is used</strong>}
      </>
    ),
  },
  { key: 'why', head: 'Why', wide: true, cell: (row) => row.explanation },
];

/** What an alias falls back on, in order. */
export function Fallbacks(props: { fallbacks: readonly Fallback[] }): JSX.Element | null {
  if (props.fallbacks.length === 0) return null;
  return (
    <>
      <h3>If nobody can take it</h3>
      <Table
        id="fallbacks"
        caption="Fallbacks of the alias, in order"
        columns={COLUMNS}
        rows={props.fallbacks}
        rowKey={({ model }) => model}
      />
    </>
  );
}
