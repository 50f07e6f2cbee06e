import type { JSX } from 'preact';
import { Download } from '../components/download.js';
import { Field } from '../components/field.js';
import { SessionLink } from '../components/links.js';
import { Empty, ErrorNotice, Loading } from '../components/notice.js';
import { Page } from '../components/page.js';
import { useRead } from '../components/read.js';
import { costOf } from '../components/session-view.js';
import { ShareBar } from '../components/share-bar.js';
import { type Column, Table } from '../components/table.js';
import { Time } from '../components/time.js';
import { count, short } from '../format.js';
import { getQuery, href, setQuery } from '../router.js';
import type { UsageRow } from '../wire-history.js';

const GROUPS = [
  { value: 'model', label: 'Model' },
  { value: 'resource', label: 'Resource' },
  { value: 'session', label: 'Session' },
  { value: 'key', label: 'Client key' },
  { value: 'hour', label: 'Hour' },
];
const SPANS = [
  { value: '1h', label: 'an hour ago' },
  { value: '24h', label: 'a day ago' },
  { value: '7d', label: 'a week ago' },
  { value: '30d', label: 'a month ago' },
];

interface UsageAnswer {
  readonly group_by: string;
  readonly usage: readonly UsageRow[];
  readonly truncated: boolean;
}

export function UsagePage(): JSX.Element {
  const group = getQuery('group_by') || 'model';
  const since = getQuery('since') || '24h';
  const query = new URLSearchParams({ group_by: group, since }).toString();
  const { data, error, loading, reload } = useRead<UsageAnswer>(`/admin/usage?${query}`);
  return (
    <Page
      title="Usage"
      lead="Requests, tokens and what they cost, by the prices of the day they ended."
      actions={
        <>
          <button type="button" disabled={loading} onClick={reload}>
            Read again
          </button>
          <Download path={`/admin/export/usage?format=csv&${query}`} name={`usage-by-${group}.csv`}>
            CSV
          </Download>
        </>
      }
    >
      <form class="filters" aria-label="What to add up" onSubmit={(event) => event.preventDefault()}>
        <Field label="By" value={group} choices={GROUPS} onValue={(value) => setQuery({ group_by: value })} />
        <Field label="Since" value={since} choices={SPANS} onValue={(value) => setQuery({ since: value })} />
      </form>
      {error !== null && <ErrorNotice error={error} retry={reload} />}
      {data === null && loading && <Loading what="usage" />}
      {data !== null && data.usage.length === 0 && <Empty>Nothing was asked in this time.</Empty>}
      {data?.truncated === true && (
        <p
          class="hint"
          role="status"
        >{`These are the first ${data.usage.length} only; the CSV has all of them.`}</p>
      )}
      {data !== null && data.usage.length > 0 && (
        <Table
          id="usage"
          caption={`Usage by ${data.group_by}`}
          columns={columnsOf(data.group_by, data.usage, since)}
          rows={data.usage}
          rowKey={(row) => String(row.group)}
          busy={loading}
        />
      )}
    </Page>
  );
}

function columnsOf(group: string, rows: readonly UsageRow[], since: string): Column<UsageRow>[] {
  const most = Math.max(...rows.map((row) => row.requests));
  const label = GROUPS.find(({ value }) => value === group)?.label ?? group;
  return [
    {
      key: 'group',
      head: label,
      names: true,
      cell: (row) => <Group kind={group} value={row.group} since={since} />,
    },
    {
      key: 'requests',
      head: 'Requests',
      number: true,
      cell: (row) => <ShareBar share={row.requests / most} text={count(row.requests)} />,
    },
    {
      key: 'failed',
      head: 'Failed',
      number: true,
      cell: (row) => <span class={row.failed > 0 ? 'bad' : ''}>{count(row.failed)}</span>,
    },
    { key: 'in', head: 'Tokens in', number: true, cell: (row) => count(row.input_tokens) },
    { key: 'cached', head: 'Cached', number: true, cell: (row) => count(row.cached_tokens) },
    { key: 'share', head: 'Cached share', number: true, cell: (row) => <CachedShare row={row} /> },
    { key: 'out', head: 'Tokens out', number: true, cell: (row) => count(row.output_tokens) },
    { key: 'reasoning', head: 'Reasoning', number: true, cell: (row) => count(row.reasoning_tokens) },
    { key: 'cost', head: 'Cost', number: true, cell: costOf },
  ];
}

function CachedShare({ row }: { row: UsageRow }): JSX.Element {
  return row.cache_hit_rate === null ? (
    <>–</>
  ) : (
    <ShareBar share={row.cache_hit_rate} text={`${Math.round(row.cache_hit_rate * 100)} %`} />
  );
}

/** Leads to the requests that were added up, where the list can be narrowed to them. */
function Group(props: { kind: string; value: string | number | null; since: string }): JSX.Element {
  const { kind, value, since } = props;
  if (value === null) return <>not known</>;
  if (kind === 'hour') return <Time at={Number(value)} />;
  const text = String(value);
  if (kind === 'session') return <SessionLink id={text} />;
  // By the model that was billed, which is not always the one asked for: no link.
  if (kind === 'model') {
    return (
      <span class="wraps" title={text}>
        {short(text, 60)}
      </span>
    );
  }
  return (
    <a href={href('/requests', { [kind === 'key' ? 'caller_id' : 'resource_id']: text, since })}>
      {short(text, 40)}
    </a>
  );
}
