import type { JSX } from 'preact';
import { Loaded } from '../components/loaded.js';
import { ErrorNotice, Loading } from '../components/notice.js';
import { Page } from '../components/page.js';
import { useRead } from '../components/read.js';
import { ProviderForm } from './provider-form.js';
import type { ModelList, PresetList, ProviderRow } from './registry-wire.js';
import { RemoveRecord } from './remove-record.js';
import { RoutingCell } from './routing-cell.js';
import { useLiveReload } from './use-live-reload.js';

export function NewProvider(): JSX.Element {
  const { data, error } = useRead<PresetList>('/admin/provider-presets');
  return (
    <Page title="Register a provider" lead="It takes requests at once, on every replica.">
      {error !== null && <ErrorNotice error={error} />}
      {data === null && error === null && <Loading what="the presets" />}
      {(data !== null || error !== null) && <ProviderForm row={null} presets={data?.presets ?? []} />}
    </Page>
  );
}

export function EditProvider({ id }: { id: string }): JSX.Element {
  const path = `/admin/providers/${encodeURIComponent(id)}`;
  const read = useRead<ProviderRow>(path);
  const { data } = read;
  useLiveReload(read.reload);
  return (
    <Page
      title={data === null ? 'Provider' : data.name}
      lead={
        data === null ? undefined : (
          <>
            <code>{data.id}</code>{' '}
            <RoutingCell routing={data.routing} yes="gets requests" no="gets no requests" />
          </>
        )
      }
      actions={data === null ? undefined : <DeleteProvider row={data} />}
    >
      <Loaded read={read} what="the provider">
        {(row) => <ProviderForm row={row} presets={[]} />}
      </Loaded>
    </Page>
  );
}

function DeleteProvider({ row }: { row: ProviderRow }): JSX.Element {
  const models = useRead<ModelList>('/admin/models');
  const pinned = (models.data?.models ?? []).filter(({ provider_id }) => provider_id === row.id);
  return (
    <RemoveRecord
      path={`/admin/providers/${encodeURIComponent(row.id)}`}
      list="/providers"
      called={row.name}
      form={`provider ${row.id}`}
    >
      <li>No new request goes there, on any replica. Those that run end in their own time.</li>
      <li>Conversations that only it can continue end: their next request answers affinity_lost.</li>
      {row.api_key_configured && <li>Its stored key is deleted and cannot be had back.</li>}
      {pinned.length > 0 && (
        <li>{`Served by it alone, and then by nobody: ${pinned.map(({ alias }) => alias).join(', ')}.`}</li>
      )}
      <li>History keeps its name. To stop it for a while, take the tick from “Enabled” instead.</li>
    </RemoveRecord>
  );
}
