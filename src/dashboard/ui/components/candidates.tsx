import type { JSX } from 'preact';
import { count, words } from '../format.js';
import { lostBecause } from '../lost-because.js';
import type { Candidate } from '../wire.js';
import { Empty } from './notice.js';
import { type Column, Table } from './table.js';

const COLUMNS: readonly Column<Candidate>[] = [
  { key: 'resource', head: 'Resource', cell: (one) => one.resource_id },
  { key: 'outcome', head: 'Outcome', cell: outcome },
  { key: 'health', head: 'Health', cell: (one) => words(one.health) },
  { key: 'flight', head: 'In flight', number: true, cell: (one) => one.in_flight },
  { key: 'weight', head: 'Weight', number: true, cell: (one) => Number(one.weight.toFixed(2)) },
  {
    key: 'load',
    head: 'Load',
    number: true,
    title: '(in flight + 1) / weight; lower is better',
    cell: (one) => Number(one.load.toFixed(2)),
  },
  {
    key: 'requests',
    head: 'Requests left',
    number: true,
    title: 'Of the upstream’s limit for this model',
    cell: (one) => count(one.remaining_requests),
  },
  {
    key: 'tokens',
    head: 'Tokens left',
    number: true,
    title: 'Of the upstream’s limit for this model',
    cell: (one) => count(one.remaining_tokens),
  },
  {
    key: 'cached',
    head: 'Tokens cached',
    number: true,
    title: 'Of this session’s prompt, at its last answer',
    cell: (one) => count(one.cached_tokens),
  },
  { key: 'pool', head: 'Pool', cell: (one) => one.pool_id ?? '–' },
  { key: 'organization', head: 'Organisation', cell: (one) => one.organization ?? '–' },
];

/** Everybody who was considered for one decision, and why each was or was not chosen. */
export function Candidates(props: { candidates: readonly Candidate[]; caption: string }): JSX.Element {
  if (props.candidates.length === 0) return <Empty>There were no candidates.</Empty>;
  return (
    <Table
      caption={props.caption}
      columns={COLUMNS}
      rows={props.candidates}
      rowKey={(one) => one.resource_id}
      rowProps={(one) => ({ class: one.chosen ? 'chosen' : '' })}
    />
  );
}

function outcome(one: Candidate): JSX.Element {
  if (one.chosen) return <strong class="good">chosen</strong>;
  return <span class="wraps">{lostBecause(one.rejected ?? 'not_chosen')}</span>;
}
