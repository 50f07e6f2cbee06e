import type { JSX } from 'preact';
import { Loaded } from '../components/loaded.js';
import { Empty, Told } from '../components/notice.js';
import { Page } from '../components/page.js';
import { useRead } from '../components/read.js';
import { type Column, Table } from '../components/table.js';
import { words } from '../format.js';
import { href, NEW } from '../router.js';
import { state } from '../store.js';
import type { ProviderList as List, ProviderRow } from './registry-wire.js';
import { RoutingCell } from './routing-cell.js';
import { useTold } from './told.js';
import { useLiveReload } from './use-live-reload.js';

const COLUMNS: readonly Column<ProviderRow>[] = [
  {
    key: 'name',
    head: 'Provider',
    names: true,
    cell: (row) => (
      <span class="wraps">
        <a href={href(['providers', row.id])}>{row.name}</a>
        <span class="why">{row.id}</span>
      </span>
    ),
  },
  {
    key: 'routing',
    head: 'Requests',
    cell: (row) => <RoutingCell routing={row.routing} yes="gets requests" no="gets none" />,
  },
  { key: 'health', head: 'Health', cell: (row) => <Health id={row.id} /> },
  { key: 'key', head: 'Key', cell: (row) => <span class="breaks">{keyText(row)}</span> },
  { key: 'pool', head: 'Pool', cell: (row) => <span class="breaks">{row.pool_id ?? '–'}</span> },
  { key: 'weight', head: 'Weight', number: true, cell: (row) => row.weight },
  {
    key: 'cap',
    head: 'At once',
    title: 'Most requests at once; – = no cap',
    number: true,
    cell: (row) => row.max_concurrency ?? '–',
  },
  {
    key: 'address',
    head: 'Address',
    cell: (row) => (
      <span class="wraps">
        {row.base_url}
        <span class="why">{row.provider_type}</span>
      </span>
    ),
  },
];

export function ProviderList(): JSX.Element {
  const read = useRead<List>('/admin/providers');
  const told = useTold();
  useLiveReload(read.reload);
  return (
    <Page
      title="Providers"
      lead="Upstreams registered here, beside the keys of the environment (those are on the overview)."
      actions={
        <a class="button primary" href={href(`/providers/${NEW}`)}>
          Register a provider
        </a>
      }
    >
      {told !== '' && <Told text={told} />}
      <Loaded read={read} what="the providers">
        {({ providers }) => (providers.length === 0 ? <NoProvider /> : <Providers rows={providers} />)}
      </Loaded>
    </Page>
  );
}

function NoProvider(): JSX.Element {
  return (
    <Empty>
      <p>None is registered. Keys from OPENAI_API_KEY and its like work without one.</p>
      <p>Register one to add OpenAI, Azure, OpenRouter, a local vLLM or Ollama, without a restart.</p>
    </Empty>
  );
}

function Providers(props: { rows: readonly ProviderRow[] }): JSX.Element {
  return (
    <Table
      id="providers"
      caption="Registered providers"
      columns={COLUMNS}
      rows={props.rows}
      rowKey={({ id }) => id}
    />
  );
}

function Health(props: { id: string }): JSX.Element {
  const resource = state.value?.resources.find(({ id }) => id === props.id);
  if (resource === undefined) return <span class="hint">–</span>;
  const { status, reason } = resource.health;
  return (
    <>
      <span class={`health ${status}`}>{status}</span>
      {status !== 'healthy' && <span class="why">{words(reason)}</span>}
    </>
  );
}

function keyText(row: ProviderRow): string {
  if (row.auth_type === 'none') return 'none needed';
  if (row.credential_ref !== null) return row.credential_ref;
  return row.api_key_configured ? 'stored' : 'missing';
}
