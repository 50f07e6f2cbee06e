import type { JSX } from 'preact';
import { Loaded } from '../components/loaded.js';
import { Empty, Told } from '../components/notice.js';
import { Page } from '../components/page.js';
import { useRead } from '../components/read.js';
import { type Column, Table } from '../components/table.js';
import { href, NEW } from '../router.js';
import type { ModelList as List, ModelPrices, ModelRow } from './registry-wire.js';
import { RoutingCell } from './routing-cell.js';
import { useTold } from './told.js';
import { useLiveReload } from './use-live-reload.js';

const COLUMNS: readonly Column<ModelRow>[] = [
  {
    key: 'alias',
    head: 'Alias',
    names: true,
    cell: (row) => (
      <span class="wraps">
        <a href={href(['models', row.id])}>{row.alias}</a>
        {row.display_name !== null && <span class="why">{row.display_name}</span>}
      </span>
    ),
  },
  {
    key: 'routing',
    head: 'Requests',
    cell: (row) => <RoutingCell routing={row.routing} yes="can be served" no="cannot be served" />,
  },
  { key: 'kind', head: 'Kind', cell: (row) => row.kind },
  { key: 'upstream', head: 'Stands for', cell: (row) => <span class="wraps mono">{row.upstream_id}</span> },
  { key: 'by', head: 'Served by', cell: servedBy },
  {
    key: 'fallbacks',
    head: 'Then',
    title: 'Tried next, in order',
    cell: (row) => <Names names={row.fallbacks} />,
  },
  { key: 'can', head: 'Capabilities', cell: (row) => <Names names={row.capabilities} /> },
  {
    key: 'prices',
    head: 'In / cached / out',
    title: 'US dollars per million tokens; – = the catalogue’s',
    number: true,
    cell: (row) => pricesText(row.prices),
  },
];

export function ModelList(): JSX.Element {
  const read = useRead<List>('/admin/models');
  const told = useTold();
  useLiveReload(read.reload);
  return (
    <Page
      title="Models and agents"
      lead="Names of your own for models: a request for one goes where it says, under the upstream's name for it."
      actions={
        <a class="button primary" href={href(`/models/${NEW}`)}>
          Register an alias
        </a>
      }
    >
      {told !== '' && <Told text={told} />}
      <Loaded read={read} what="the aliases">
        {({ models }) => (models.length === 0 ? <NoModel /> : <Models rows={models} />)}
      </Loaded>
    </Page>
  );
}

function NoModel(): JSX.Element {
  return (
    <Empty>
      <p>None is registered. Every other model name passes through to the upstream as it is.</p>
      <p>Register one to name a deployment, to pin a model to a provider or pool, or to give it fallbacks.</p>
    </Empty>
  );
}

function Models(props: { rows: readonly ModelRow[] }): JSX.Element {
  return <Table id="models" caption="Aliases" columns={COLUMNS} rows={props.rows} rowKey={({ id }) => id} />;
}

function servedBy(row: ModelRow): JSX.Element | string {
  if (row.provider_id !== null) return <a href={href(['providers', row.provider_id])}>{row.provider_id}</a>;
  return row.pool_id === null ? 'any resource' : `pool ${row.pool_id}`;
}

function Names({ names }: { names: readonly string[] | null }): JSX.Element {
  return <span class="wraps">{names === null || names.length === 0 ? '–' : names.join(', ')}</span>;
}

function pricesText(prices: ModelPrices | null): string {
  if (prices === null) return '–';
  return `${prices.input} / ${prices.cached_input ?? prices.input} / ${prices.output}`;
}
