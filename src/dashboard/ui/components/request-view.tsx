import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { now } from '../clock.js';
import { bytes, count, dollars, duration, percent, ratio, sentences, words } from '../format.js';
import { href } from '../router.js';
import { stillPending } from '../still-pending.js';
import type { Attempt, RequestDetail, RequestRow } from '../wire-history.js';
import { Bodies } from './bodies.js';
import { Copy } from './copy.js';
import { DecisionFacts, DecisionWords } from './decisions.js';
import { type Fact, Facts } from './facts.js';
import { CallerLink, SessionLink } from './links.js';
import { Empty, ErrorNotice, Loading } from './notice.js';
import { Page } from './page.js';
import { useRead } from './read.js';
import { State } from './request-columns.js';
import { type Column, Table } from './table.js';
import { useTail } from './tail.js';
import { Time } from './time.js';
import { TimelineList } from './timeline.js';

export function RequestView({ id }: { id: string }): JSX.Element {
  const read = useRead<RequestDetail>(`/admin/requests/${encodeURIComponent(id)}`);
  const { data, error, loading, reload } = read;
  const openedAt = useRef(now.peek());
  useTail(read, stillPending(data?.request ?? null, error, openedAt.current, now.peek()));
  return (
    <Page
      title={`Request ${id}`}
      actions={
        <>
          <Copy text={id} label="Copy id" />
          <a href={href('/requests')}>All requests</a>
        </>
      }
    >
      {error !== null && <ErrorNotice error={error} retry={reload} />}
      {data === null && loading && <Loading what="the request" />}
      {data !== null && <Detail detail={data} />}
    </Page>
  );
}

function Detail({ detail }: { detail: RequestDetail }): JSX.Element {
  const { request, attempts, decisions, bodies } = detail;
  return (
    <>
      {request.error_message !== null && (
        <div class="notice bad-notice">
          <p>
            <strong>{request.error_code}</strong> {request.error_message}
          </p>
        </div>
      )}
      <section class="card" aria-labelledby="facts-title">
        <h2 id="facts-title">What it was</h2>
        <Facts facts={factsOf(request)} />
      </section>
      <section class="card" aria-labelledby="timeline-title">
        <h2 id="timeline-title">Timeline</h2>
        <TimelineList detail={detail} />
      </section>
      <Attempts attempts={attempts} />
      <section aria-labelledby="decision-title">
        <h2 id="decision-title">{decisions.length > 1 ? 'Decisions' : 'Decision'}</h2>
        {decisions.length === 0 && <Empty>No decision is recorded for it.</Empty>}
        {decisions.map((decision) => (
          <div class="decision" key={decision.id}>
            <p>
              <DecisionWords decision={decision} />
            </p>
            <DecisionFacts decision={decision} />
          </div>
        ))}
      </section>
      <Bodies id={request.id} bodies={bodies} />
    </>
  );
}

function factsOf(row: RequestRow): Fact[] {
  return [
    ['State', <State key="state" row={row} />],
    ['Status', row.status_code ?? 'none'],
    ['Started', <Time key="time" at={row.started_at} />],
    ['Latency', duration(row.latency_ms)],
    ['First byte', duration(row.first_byte_ms)],
    ['Model', modelOf(row)],
    ['Session', <SessionLink key="session" id={row.session_id} name={row.session_name} />],
    ['Thread', row.thread_id === row.session_id ? null : row.thread_id],
    ['Parent thread', row.parent_thread_id],
    ['Resource', row.resource_id ?? 'nobody'],
    ['Pool asked for', row.pool_id],
    [
      'Caller',
      row.caller_id === null ? null : <CallerLink key="caller" id={row.caller_id} name={row.caller_name} />,
    ],
    ['Tokens in', count(row.input_tokens)],
    ['Cached', cachedOf(row)],
    ['Tokens out', count(row.output_tokens)],
    ['Of those reasoning', row.reasoning_tokens === null ? null : count(row.reasoning_tokens)],
    ['Cost', dollars(row.cost_usd)],
    ['Asked', `${row.method ?? ''} ${row.path ?? ''}`.trim()],
    ['Over', transportOf(row)],
    ['Bytes', `${bytes(row.request_bytes)} in, ${bytes(row.response_bytes)} out`],
    ['Client', row.user_agent],
    ['Response id', row.response_id],
    ['Upstream request id', row.upstream_request_id],
  ];
}

function modelOf({ model, served_model }: RequestRow): string {
  if (model === null) return served_model ?? '–';
  return served_model === null || served_model === model ? model : `${model}, served as ${served_model}`;
}

function cachedOf(row: RequestRow): string {
  const part = ratio(row.cached_tokens, row.input_tokens);
  return part === null ? count(row.cached_tokens) : `${count(row.cached_tokens)} (${percent(part)})`;
}

function transportOf({ transport, stream }: RequestRow): string | null {
  if (transport === null) return null;
  return `${words(transport)}${stream === true ? ', streamed' : ''}`;
}

/** The classes of faults.md, in a word. */
const CLASSES = new Map([
  ['ok', 'answered'],
  ['A', 'A: not processed'],
  ['B', 'B: refused'],
  ['C1', 'C1: failed'],
  ['C2', 'C2: ambiguous'],
  ['D', 'D: cut'],
  ['E', 'E: the request'],
]);

const ATTEMPTS: readonly Column<Attempt>[] = [
  { key: 'n', head: 'Attempt', cell: (one) => one.n },
  { key: 'resource', head: 'Resource', cell: (one) => one.resource_id },
  {
    key: 'class',
    head: 'Outcome',
    cell: (one) => (
      <span class={one.class === 'ok' ? 'good' : 'bad'}>{CLASSES.get(one.class) ?? one.class}</span>
    ),
  },
  { key: 'status', head: 'Status', number: true, cell: (one) => one.status ?? '–' },
  { key: 'duration', head: 'Duration', number: true, cell: (one) => duration(one.duration_ms) },
  { key: 'sent', head: 'Sent', number: true, cell: (one) => bytes(one.bytes_sent) },
  { key: 'received', head: 'Received', number: true, cell: (one) => bytes(one.bytes_received) },
  {
    key: 'why',
    head: 'What followed',
    wide: true,
    cell: (one) => sentences([one.error, one.retry_text]) || '–',
  },
];

function Attempts({ attempts }: { attempts: readonly Attempt[] }): JSX.Element {
  return (
    <section aria-labelledby="attempts-title">
      <h2 id="attempts-title">Attempts</h2>
      {attempts.length === 0 ? (
        <Empty>Nothing is recorded as sent upstream.</Empty>
      ) : (
        <Table caption="Attempts" columns={ATTEMPTS} rows={attempts} rowKey={({ n }) => String(n)} />
      )}
    </section>
  );
}
