import type { JSX } from 'preact';
import { Loaded } from '../components/loaded.js';
import { ErrorNotice, Loading } from '../components/notice.js';
import { Page } from '../components/page.js';
import { useRead } from '../components/read.js';
import { ModelForm } from './model-form.js';
import type { ModelRow, ProviderList } from './registry-wire.js';
import { RemoveRecord } from './remove-record.js';
import { RoutingCell } from './routing-cell.js';
import { useLiveReload } from './use-live-reload.js';

export function NewModel(): JSX.Element {
  const { data, error } = useRead<ProviderList>('/admin/providers');
  return (
    <Page title="Register an alias" lead="It is in force at once, on every replica.">
      {error !== null && <ErrorNotice error={error} />}
      {data === null && error === null && <Loading what="the providers" />}
      {(data !== null || error !== null) && <ModelForm row={null} providers={data?.providers ?? []} />}
    </Page>
  );
}

export function EditModel({ id }: { id: string }): JSX.Element {
  const read = useRead<ModelRow>(`/admin/models/${encodeURIComponent(id)}`);
  const { data } = read;
  const providers = useRead<ProviderList>('/admin/providers');
  useLiveReload(read.reload);
  return (
    <Page
      title={data === null ? 'Alias' : data.alias}
      lead={
        data === null ? undefined : (
          <RoutingCell routing={data.routing} yes="can be served" no="cannot be served" />
        )
      }
      actions={data === null ? undefined : <DeleteModel row={data} />}
    >
      <Loaded read={read} what="the alias">
        {(row) =>
          (providers.data !== null || providers.error !== null) && (
            <ModelForm row={row} providers={providers.data?.providers ?? []} />
          )
        }
      </Loaded>
    </Page>
  );
}

function DeleteModel({ row }: { row: ModelRow }): JSX.Element {
  return (
    <RemoveRecord
      path={`/admin/models/${encodeURIComponent(row.id)}`}
      list="/models"
      called={row.alias}
      form={`model ${row.id}`}
    >
      <li>
        {`Requests for ${row.alias} then go to any resource under that very name, which the upstream may not know.`}
      </li>
      <li>Aliases and client keys that name it keep the name.</li>
      <li>History keeps what was served under it.</li>
    </RemoveRecord>
  );
}
