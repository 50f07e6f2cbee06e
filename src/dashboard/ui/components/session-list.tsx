import type { JSX } from 'preact';
import { listQuery } from '../filters.js';
import { count, dollars, percent } from '../format.js';
import { getQuery } from '../router.js';
import type { SessionRow } from '../wire-history.js';
import { Caller, SessionLink } from './links.js';
import { Empty, ErrorNotice, Loading } from './notice.js';
import { Page } from './page.js';
import { Pager } from './pager.js';
import { useRead } from './read.js';
import { type Column, Table } from './table.js';
import { useTail } from './tail.js';
import { Time } from './time.js';

interface SessionList {
  readonly sessions: readonly SessionRow[];
  readonly next_cursor: string | null;
}

const COLUMNS: readonly Column<SessionRow>[] = [
  { key: 'name', head: 'Session', folds: true, cell: (row) => <SessionLink id={row.id} name={row.name} /> },
  { key: 'seen', head: 'Last seen', folds: true, cell: (row) => <Time at={row.last_seen_at} /> },
  { key: 'first', head: 'Since', folds: true, cell: (row) => <Time at={row.first_seen_at} /> },
  { key: 'requests', head: 'Requests', number: true, cell: (row) => count(row.request_count) },
  {
    key: 'failed',
    head: 'Failed',
    number: true,
    cell: (row) => <span class={row.failed_requests > 0 ? 'bad' : ''}>{count(row.failed_requests)}</span>,
  },
  { key: 'resource', head: 'Resource', folds: true, cell: (row) => row.last_resource_id ?? '–' },
  {
    key: 'caller',
    head: 'Caller',
    folds: true,
    cell: (row) => <Caller id={row.caller_id} name={row.caller_name} />,
  },
  { key: 'in', head: 'Tokens in', number: true, cell: (row) => count(row.input_tokens) },
  { key: 'cached', head: 'Cached', number: true, cell: (row) => percent(row.cache_hit_rate) },
  { key: 'out', head: 'Out', number: true, cell: (row) => count(row.output_tokens) },
  { key: 'cost', head: 'Cost', number: true, cell: (row) => dollars(row.cost_usd) },
  {
    key: 'parent',
    head: 'Started by',
    folds: true,
    cell: (row) => <SessionLink id={row.parent_thread_id} />,
  },
];

export function SessionListView(): JSX.Element {
  const older = getQuery('cursor') !== '';
  const read = useRead<SessionList>(`/admin/sessions?${listQuery(['cursor'])}`);
  useTail(read, !older);
  const { data, error, loading, stale, reload } = read;
  return (
    <Page title="Sessions" lead="Conversations with their totals, last seen first.">
      {error !== null && <ErrorNotice error={error} retry={reload} />}
      {data === null && loading && <Loading what="sessions" />}
      {data !== null && data.sessions.length === 0 && <Empty>No client has named a session yet.</Empty>}
      {data !== null && data.sessions.length > 0 && (
        <section aria-label="Sessions">
          <Table
            id="session-list"
            caption="Sessions, last seen first"
            columns={COLUMNS}
            rows={data.sessions}
            rowKey={({ id, caller_id }) => `${id} ${caller_id}`}
            busy={stale}
          />
          <Pager next={data.next_cursor} shown={data.sessions.length} what="sessions" />
        </section>
      )}
    </Page>
  );
}
