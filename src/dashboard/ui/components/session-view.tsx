import type { JSX } from 'preact';
import { count, dollars, percent, ratio, short, words } from '../format.js';
import { href } from '../router.js';
import { type Thread, threadsOf } from '../threads.js';
import type { RequestRow, SessionDetail, SessionResource, SessionRow } from '../wire-history.js';
import { Copy } from './copy.js';
import { type Fact, Facts } from './facts.js';
import { CallerLink, SessionLink } from './links.js';
import { Empty, ErrorNotice, Loading } from './notice.js';
import { Page } from './page.js';
import { useRead } from './read.js';
import { requestColumns } from './request-columns.js';
import { type Column, Table } from './table.js';
import { useTail } from './tail.js';
import { Time } from './time.js';

const TURNS = requestColumns('session', 'caller');

export function SessionView({ id }: { id: string }): JSX.Element {
  const read = useRead<SessionDetail>(`/admin/sessions/${encodeURIComponent(id)}`);
  useTail(read, read.data !== null);
  const { data, error, loading, reload } = read;
  return (
    <Page
      title={`Session ${short(data?.session.name ?? id, 120)}`}
      actions={
        <>
          <Copy text={id} label="Copy id" />
          <a href={href('/sessions')}>All sessions</a>
        </>
      }
    >
      {error !== null && <ErrorNotice error={error} retry={reload} />}
      {data === null && loading && <Loading what="the session" />}
      {data !== null && <Detail detail={data} />}
    </Page>
  );
}

function Detail({ detail }: { detail: SessionDetail }): JSX.Element {
  const { session, moves, resources, children, requests } = detail;
  const threads = threadsOf(session.id, requests);
  const rest = session.request_count > requests.length;
  return (
    <>
      <section class="card" aria-labelledby="totals-title">
        <h2 id="totals-title">Totals</h2>
        <Facts facts={factsOf(session, moves, threads)} />
      </section>
      <section aria-labelledby="keys-title">
        <h2 id="keys-title">Keys it used</h2>
        <Keys resources={resources} />
      </section>
      {(threads.length > 1 || threads.some(({ parent }) => parent !== null)) && (
        <section aria-labelledby="threads-title">
          <div class="section-head">
            <h2 id="threads-title">Threads and sub-agents</h2>
            {rest && <p class="hint">{`Of the newest ${count(requests.length)} turns.`}</p>}
          </div>
          <Table caption="Threads and sub-agents" columns={THREADS} rows={threads} rowKey={({ id }) => id} />
        </section>
      )}
      {children.length > 0 && (
        <section aria-labelledby="children-title">
          <h2 id="children-title">Sub-agents with sessions of their own</h2>
          <Table
            id="children"
            caption="Sub-agents with sessions of their own, last seen first"
            columns={CHILDREN}
            rows={children}
            rowKey={({ id }) => id}
          />
        </section>
      )}
      <section aria-labelledby="turns-title">
        <div class="section-head">
          <h2 id="turns-title">Turns</h2>
          <a href={href('/requests', { session_id: session.id })}>
            {rest
              ? `${requests.length} of ${count(session.request_count)} are here; all of them`
              : 'With filters'}
          </a>
        </div>
        <Turns requests={requests} />
      </section>
    </>
  );
}

function Keys({ resources }: { resources: readonly SessionResource[] }): JSX.Element {
  if (resources.length === 0) return <Empty>None, as far as its requests are still recorded.</Empty>;
  return (
    <Table caption="Keys it used" columns={RESOURCES} rows={resources} rowKey={(one) => one.resource_id} />
  );
}

function Turns({ requests }: { requests: readonly RequestRow[] }): JSX.Element {
  if (requests.length === 0) return <Empty>They have been pruned; the totals remain.</Empty>;
  return (
    <Table id="turns" caption="Turns, newest first" columns={TURNS} rows={requests} rowKey={({ id }) => id} />
  );
}

function factsOf(row: SessionRow, moves: number, threads: readonly Thread[]): Fact[] {
  const parent = row.parent_thread_id;
  // The last turn may have been a sub-agent's, whose parent is a thread of this very session.
  const outside = parent !== null && !threads.some(({ id }) => id === parent);
  return [
    ['Id', <code key="id">{row.id}</code>],
    ['Named by', row.source],
    ['Caller', <CallerLink key="caller" id={row.caller_id} name={row.caller_name} />],
    ['Started by', outside ? <SessionLink key="by" id={parent} /> : null],
    ['First seen', <Time key="first" at={row.first_seen_at} />],
    ['Last seen', <Time key="last" at={row.last_seen_at} />],
    ['Requests', count(row.request_count)],
    ['Of those failed', count(row.failed_requests)],
    ['Moves between keys', count(moves)],
    ['Tokens in', count(row.input_tokens)],
    ['Cached', `${count(row.cached_tokens)} (${percent(row.cache_hit_rate)})`],
    ['Tokens out', count(row.output_tokens)],
    ['Of those reasoning', row.reasoning_tokens === null ? null : count(row.reasoning_tokens)],
    ['Cost', costOf(row)],
  ];
}

export function costOf(row: {
  readonly cost_usd: number | null;
  readonly unpriced_requests: number;
}): string {
  if (row.cost_usd === null) return row.unpriced_requests === 0 ? dollars(null) : 'price not known';
  const lacking =
    row.unpriced_requests === 0 ? '' : ` without ${count(row.unpriced_requests)} of unknown price`;
  return `${dollars(row.cost_usd)}${lacking}`;
}

const RESOURCES: readonly Column<SessionResource>[] = [
  { key: 'resource', head: 'Resource', cell: (one) => one.resource_id },
  { key: 'requests', head: 'Requests', number: true, cell: (one) => count(one.requests) },
  { key: 'first', head: 'First', cell: (one) => <Time at={one.first_at} /> },
  { key: 'last', head: 'Last', cell: (one) => <Time at={one.last_at} /> },
  { key: 'in', head: 'Tokens in', number: true, cell: (one) => count(one.input_tokens) },
  { key: 'cached', head: 'Cached', number: true, cell: (one) => count(one.cached_tokens) },
  { key: 'share', head: 'Cached share', number: true, cell: (one) => percent(one.cache_hit_rate) },
];

const CHILDREN: readonly Column<SessionRow>[] = [
  { key: 'name', head: 'Session', cell: (one) => <SessionLink id={one.id} name={one.name} /> },
  { key: 'seen', head: 'Last seen', cell: (one) => <Time at={one.last_seen_at} /> },
  { key: 'requests', head: 'Requests', number: true, cell: (one) => count(one.request_count) },
  { key: 'failed', head: 'Failed', number: true, cell: (one) => count(one.failed_requests) },
  { key: 'in', head: 'Tokens in', number: true, cell: (one) => count(one.input_tokens) },
  { key: 'cached', head: 'Cached', number: true, cell: (one) => percent(one.cache_hit_rate) },
  { key: 'out', head: 'Out', number: true, cell: (one) => count(one.output_tokens) },
  { key: 'cost', head: 'Cost', number: true, cell: costOf },
];

const THREADS: readonly Column<Thread>[] = [
  { key: 'id', head: 'Thread', cell: ({ id }) => <span title={id}>{short(id, 28)}</span> },
  {
    key: 'parent',
    head: 'Role',
    cell: ({ parent }) =>
      parent === null ? words('main') : <span title={parent}>{`sub-agent of ${short(parent, 20)}`}</span>,
  },
  { key: 'requests', head: 'Turns', number: true, cell: ({ requests }) => count(requests) },
  { key: 'in', head: 'Tokens in', number: true, cell: ({ input }) => count(input) },
  { key: 'cached', head: 'Cached', number: true, cell: ({ cached, input }) => percent(ratio(cached, input)) },
  { key: 'out', head: 'Out', number: true, cell: ({ output }) => count(output) },
  { key: 'cost', head: 'Cost', number: true, cell: ({ cost }) => dollars(cost) },
  { key: 'first', head: 'First', cell: ({ firstAt }) => <Time at={firstAt} /> },
  { key: 'last', head: 'Last', cell: ({ lastAt }) => <Time at={lastAt} /> },
];
