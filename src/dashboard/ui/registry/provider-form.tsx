import type { JSX } from 'preact';
import { BoundField } from '../forms/bound-field.js';
import type { Form } from '../forms/form.js';
import { useForm } from '../forms/use-form.js';
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
import { RecordForm } from './record-form.js';
import type { Preset, ProviderRow } from './registry-wire.js';
import { useTrial } from './use-trial.js';

/** `row`: the one to change; null = a new one. */
export function ProviderForm(props: { row: ProviderRow | null; presets: readonly Preset[] }): JSX.Element {
  const { row } = props;
  const name = `provider ${row?.id ?? ''}`;
  const form = useForm(name, () => (row === null ? NEW_PROVIDER : providerDraft(row)), { api_key: '' });
  const keyStored = row?.api_key_configured === true;
  const initial = row === null ? null : form.initial;
  const trial = useTrial(form, '/admin/providers/test', (draft) => trialBody(initial, draft, keyStored));
  return (
    <RecordForm
      form={form}
      name={name}
      label="Provider"
      path="/admin/providers"
      list="/providers"
      id={row?.id ?? null}
      called={(values) => values.name}
      created={newProviderBody}
      changed={changedProviderBody}
      trial={trial}
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
    </RecordForm>
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
