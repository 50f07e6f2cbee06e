import type { JSX } from 'preact';
import { BoundField } from '../forms/bound-field.js';
import { CheckField } from '../forms/check-field.js';
import type { Form } from '../forms/form.js';
import { useForm } from '../forms/use-form.js';
import { changedModelBody, type ModelDraft, modelDraft, NEW_MODEL, newModelBody } from './model-draft.js';
import { ModelServing } from './model-serving.js';
import { RecordForm } from './record-form.js';
import type { ModelRow, ProviderRow } from './registry-wire.js';
import { useTrial } from './use-trial.js';

const KINDS = [
  { value: 'model', label: 'Model' },
  { value: 'agent', label: 'Agent' },
];

/** `row`: the one to change; null = a new one. */
export function ModelForm(props: { row: ModelRow | null; providers: readonly ProviderRow[] }): JSX.Element {
  const { row } = props;
  const name = `model ${row?.id ?? ''}`;
  const form = useForm(name, () => (row === null ? NEW_MODEL : modelDraft(row)));
  const trial = useTrial(form, '/admin/models/test', (draft) =>
    row !== null && !form.dirty ? { id: row.id } : newModelBody(draft),
  );
  return (
    <RecordForm
      form={form}
      name={name}
      label="Alias"
      path="/admin/models"
      list="/models"
      id={row?.id ?? null}
      called={({ alias }) => alias}
      created={newModelBody}
      changed={changedModelBody}
      trial={trial}
    >
      <Identity form={form} />
      <ModelServing form={form} providers={props.providers} />
      <Prices form={form} />
    </RecordForm>
  );
}

function Identity({ form }: { form: Form<ModelDraft> }): JSX.Element {
  return (
    <fieldset class="group-of-fields">
      <legend>What it is</legend>
      <BoundField form={form} name="alias" label="Alias" required hint="What clients send as model." />
      <BoundField
        form={form}
        name="upstream_id"
        label="Stands for"
        required
        hint="What the upstream is told instead. Azure: the deployment; OpenRouter: vendor/model."
      />
      <BoundField form={form} name="display_name" label="Name for people" />
      <BoundField form={form} name="kind" label="Kind" choices={KINDS} />
      <BoundField
        form={form}
        name="capabilities"
        label="Capabilities"
        lines={3}
        placeholder="vision"
        hint="One a line. For people and clients; nothing is decided by them."
      />
      <CheckField
        form={form}
        name="enabled"
        label="Enabled"
        hint="Off: it is stored, and the name passes through like any other."
      />
    </fieldset>
  );
}

function Prices({ form }: { form: Form<ModelDraft> }): JSX.Element {
  return (
    <fieldset class="group-of-fields">
      <legend>Prices in US dollars per million tokens</legend>
      <BoundField
        form={form}
        name="prices.input"
        label="Input"
        hint="Empty everywhere: the catalogue’s prices."
      />
      <BoundField form={form} name="prices.cached_input" label="Cached input" hint="Empty: as input." />
      <BoundField form={form} name="prices.output" label="Output" />
    </fieldset>
  );
}
