import type { ComponentChildren, JSX } from 'preact';
import { compact, count, dollars, duration, percent, ratio, short, words } from '../format.js';
import type { RequestRow } from '../wire-history.js';
import { Caller, RequestLink, SessionLink } from './links.js';
import type { Column } from './table.js';
import { Time } from './time.js';

const GOOD = new Set(['completed', 'in_progress']);

export const REQUEST_COLUMNS: readonly Column<RequestRow>[] = [
  { key: 'time', head: 'Time', folds: true, cell: (row) => <Time at={row.started_at} /> },
  { key: 'id', head: 'Request', cell: (row) => <RequestLink id={row.id} /> },
  { key: 'state', head: 'State', clipped: true, folds: true, cell: (row) => <State row={row} /> },
  { key: 'status', head: 'Status', number: true, cell: (row) => row.status_code ?? '–' },
  {
    key: 'model',
    head: 'Model',
    folds: true,
    cell: (row) => <span title={row.model ?? undefined}>{short(row.model, 32)}</span>,
  },
  {
    key: 'session',
    head: 'Session',
    folds: true,
    cell: (row) => <SessionLink id={row.session_id} name={row.session_name} />,
  },
  { key: 'resource', head: 'Resource', folds: true, cell: (row) => row.resource_id ?? '–' },
  {
    key: 'caller',
    head: 'Caller',
    folds: true,
    cell: (row) => <Caller id={row.caller_id} name={row.caller_name} />,
  },
  { key: 'latency', head: 'Latency', number: true, cell: (row) => duration(row.latency_ms) },
  {
    key: 'first',
    head: 'First byte',
    number: true,
    spare: true,
    cell: (row) => duration(row.first_byte_ms),
  },
  { key: 'in', head: 'Tokens in', number: true, cell: (row) => tokens(row.input_tokens) },
  {
    key: 'cached',
    head: 'Cached',
    number: true,
    title: 'Share of the tokens in that came out of the prompt cache',
    cell: (row) => percent(ratio(row.cached_tokens, row.input_tokens)),
  },
  { key: 'out', head: 'Out', number: true, cell: (row) => tokens(row.output_tokens) },
  { key: 'cost', head: 'Cost', number: true, cell: (row) => dollars(row.cost_usd) },
];

/** The same without what the page says already. */
export function requestColumns(...without: string[]): readonly Column<RequestRow>[] {
  return REQUEST_COLUMNS.filter(({ key }) => !without.includes(key));
}

export function State({ row }: { row: RequestRow }): JSX.Element {
  const error = row.error_code === null ? '' : `: ${words(row.error_code)}`;
  const text = `${words(row.state)}${error}`;
  const tone = GOOD.has(row.state) ? '' : row.state === 'incomplete' ? 'warn' : 'bad';
  return (
    <span class={tone} title={row.error_message === null ? undefined : `${text}. ${row.error_message}`}>
      {text}
    </span>
  );
}

function tokens(value: number | null): ComponentChildren {
  return value === null || value < 10_000 ? count(value) : <span title={count(value)}>{compact(value)}</span>;
}
