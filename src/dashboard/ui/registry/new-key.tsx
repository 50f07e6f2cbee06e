import type { JSX } from 'preact';
import { sendJson } from '../api.js';
import { Page } from '../components/page.js';
import { useRead } from '../components/read.js';
import { FormFrame } from '../forms/form-frame.js';
import { dropForm, useForm } from '../forms/use-form.js';
import { go } from '../router.js';
import { NEW_KEY, newKeyBody } from './key-draft.js';
import { KeyFields } from './key-fields.js';
import { KeyOnce } from './key-once.js';
import { madeKey } from './made-key.js';
import type { CreatedKey, KeyList } from './registry-wire.js';

const NAME = 'key ';

export function NewKey(): JSX.Element {
  const created = madeKey.value;
  return created === null ? <KeyForm /> : <KeyOnce created={created} />;
}

function KeyForm(): JSX.Element {
  const { data } = useRead<KeyList>('/admin/keys');
  const form = useForm(NAME, () => NEW_KEY);
  const first = data !== null && data.keys.every(({ revoked_at }) => revoked_at !== null);
  const create = (): void => {
    void form.run('save', async () => {
      const made = await sendJson<CreatedKey>('POST', '/admin/keys', newKeyBody(form.values.value));
      dropForm(NAME);
      madeKey.value = made;
    });
  };
  const back = (): void => {
    dropForm(NAME);
    go('/keys');
  };
  return (
    <Page title="Make a client key" lead="It is shown once, when it has been made.">
      {first && (
        <p class="notice warn">
          This is the first key: from now on /v1 wants one from everybody, programs on this machine included.
        </p>
      )}
      <FormFrame
        form={form}
        label="Client key"
        submit="Make the key"
        submitting="Making it…"
        onSubmit={create}
        more={
          <button type="button" class="plain" onClick={back}>
            {form.dirty ? 'Discard' : 'Back'}
          </button>
        }
      >
        <KeyFields form={form} />
      </FormFrame>
    </Page>
  );
}
