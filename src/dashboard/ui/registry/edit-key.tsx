import type { JSX } from 'preact';
import { sendJson } from '../api.js';
import { Loaded } from '../components/loaded.js';
import { Empty } from '../components/notice.js';
import { Page } from '../components/page.js';
import { useRead } from '../components/read.js';
import { FormFrame } from '../forms/form-frame.js';
import { dropForm, useForm } from '../forms/use-form.js';
import { go } from '../router.js';
import { changedKeyBody, keyDraft } from './key-draft.js';
import { KeyFields } from './key-fields.js';
import type { KeyList, KeyRow } from './registry-wire.js';
import { RevokeKey } from './revoke-key.js';
import { tell } from './told.js';

export function EditKey({ id }: { id: string }): JSX.Element {
  const read = useRead<KeyList>('/admin/keys');
  const row = read.data?.keys.find((key) => key.id === id);
  const open = row !== undefined && row.revoked_at === null;
  return (
    <Page
      title={row?.name ?? 'Client key'}
      lead={row === undefined ? undefined : <code>{`${row.prefix}…`}</code>}
      actions={open ? <RevokeKey row={row} done={() => revoked(row)} /> : undefined}
    >
      <Loaded read={read} what="the key">
        {() => <Editor row={row} />}
      </Loaded>
    </Page>
  );
}

function Editor({ row }: { row: KeyRow | undefined }): JSX.Element {
  if (row === undefined) return <Empty>There is no such client key.</Empty>;
  if (row.revoked_at !== null) return <Empty>It is revoked for good; make another one instead.</Empty>;
  return <KeyForm row={row} />;
}

function KeyForm({ row }: { row: KeyRow }): JSX.Element {
  const name = `key ${row.id}`;
  const form = useForm(name, () => keyDraft(row));
  const leave = (): void => {
    dropForm(name);
    go('/keys');
  };
  const save = async (): Promise<void> => {
    const path = `/admin/keys/${encodeURIComponent(row.id)}`;
    const sent = (): Promise<void> =>
      sendJson('PATCH', path, changedKeyBody(form.initial, form.values.value));
    if (!(await form.run('save', sent))) return;
    leave();
    tell(`${form.values.value.name} is saved.`);
  };
  return (
    <FormFrame
      form={form}
      label="Client key"
      submit="Save"
      submitting="Saving…"
      onSubmit={() => void save()}
      more={
        <button type="button" class="plain" onClick={leave}>
          {form.dirty ? 'Discard' : 'Back'}
        </button>
      }
    >
      <KeyFields form={form} />
    </FormFrame>
  );
}

function revoked(row: KeyRow): void {
  dropForm(`key ${row.id}`);
  tell(`${row.name} is revoked.`);
  go('/keys');
}
