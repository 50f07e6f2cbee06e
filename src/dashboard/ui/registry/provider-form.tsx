import type { JSX } from 'preact';
import { sendJson } from '../api.js';
import { BoundField } from '../forms/bound-field.js';
import type { Form } from '../forms/form.js';
import { FormFrame } from '../forms/form-frame.js';
import { dropForm, useForm } from '../forms/use-form.js';
import { go } from '../router.js';
import { ProviderConnection } from './provider-connection.js';
import {
  changedProviderBody,
  NEW_PROVIDER,
  newProviderBody,
  type ProviderDraft,
  providerDraft,
  trialBody,
} from './provider-draft.js';
import { ProviderPreset } from './provider-preset.js';
import { ProviderShare } from './provider-share.js';
import type { Preset, ProviderRow } from './registry-wire.js';
import { tell } from './told.js';
import { TrialResult } from './trial-result.js';
import { useTrial } from './use-trial.js';

/** `row`: the one to change; null = a new one. */
export function ProviderForm(props: { row: ProviderRow | null; presets: readonly Preset[] }): JSX.Element {
  const { row } = props;
  const name = `provider ${row?.id ?? ''}`;
  const form = useForm(name, () => (row === null ? NEW_PROVIDER : providerDraft(row)), { api_key: '' });
  const keyStored = row?.api_key_configured === true;
  const initial = row === null ? null : form.initial;
  const { trial, outdated, run } = useTrial(form, '/admin/providers/test', (draft) =>
    trialBody(initial, draft, keyStored),
  );
  const save = async (): Promise<void> => {
    if (!(await form.run('save', () => send(row, form)))) return;
    leave(name);
    tell(`${form.values.value.name} is saved.`);
  };
  return (
    <>
      <FormFrame
        form={form}
        label="Provider"
        submit={row === null ? 'Register' : 'Save'}
        submitting="Saving…"
        onSubmit={() => void save()}
        more={
          <>
            <button type="button" disabled={form.busy.value !== ''} onClick={run}>
              {form.busy.value === 'test' ? 'Testing…' : 'Test'}
            </button>
            <button type="button" class="plain" onClick={() => leave(name)}>
              {form.dirty ? 'Discard' : 'Back'}
            </button>
          </>
        }
      >
        <Identity form={form} row={row} presets={props.presets} />
        <ProviderConnection form={form} keyStored={keyStored} />
        <ProviderShare form={form} />
        <fieldset class="group-of-fields">
          <legend>Notes</legend>
          <div class="across">
            <BoundField
              form={form}
              name="metadata"
              label="Metadata"
              lines={4}
              placeholder='{"owner": "platform"}'
              hint="A JSON object for your own use; nothing is decided by it."
            />
          </div>
        </fieldset>
      </FormFrame>
      <TrialResult trial={trial} outdated={outdated} />
    </>
  );
}

function Identity(props: {
  form: Form<ProviderDraft>;
  row: ProviderRow | null;
  presets: readonly Preset[];
}): JSX.Element {
  const { form, row } = props;
  return (
    <fieldset class="group-of-fields">
      <legend>What it is</legend>
      {row === null && <ProviderPreset form={form} presets={props.presets} />}
      <BoundField form={form} name="name" label="Name" required hint="By which people know it." />
      {row === null ? (
        <BoundField
          form={form}
          name="id"
          label="Id"
          placeholder="team-azure"
          hint="Names it in decisions, logs and metrics; stays for good. Empty: one is made up."
        />
      ) : (
        <BoundField
          form={form}
          name="provider_type"
          label="Type"
          hint="The preset it was made from, or anything."
        />
      )}
    </fieldset>
  );
}

async function send(row: ProviderRow | null, form: Form<ProviderDraft>): Promise<void> {
  const draft = form.values.value;
  if (row === null) await sendJson('POST', '/admin/providers', newProviderBody(draft));
  else
    await sendJson(
      'PATCH',
      `/admin/providers/${encodeURIComponent(row.id)}`,
      changedProviderBody(form.initial, draft),
    );
}

function leave(name: string): void {
  dropForm(name);
  go('/providers');
}
