import type { JSX } from 'preact';
import type { Choice } from '../components/field.js';
import { useRead } from '../components/read.js';
import { BoundField } from '../forms/bound-field.js';
import { CheckField } from '../forms/check-field.js';
import type { Form } from '../forms/form.js';
import { FormFrame } from '../forms/form-frame.js';
import type { KeyList, KeyRow } from '../registry/registry-wire.js';
import { knownPools } from '../registry/use-live-reload.js';
import type { ExplainDraft } from './explain-draft.js';

/** A request that is only imagined. */
export function ExplainForm(props: { form: Form<ExplainDraft>; ask: () => void }): JSX.Element {
  const { form } = props;
  const { data } = useRead<KeyList>('/admin/keys');
  return (
    <FormFrame
      form={form}
      label="An imagined request"
      submit="Explain"
      submitting="Asking…"
      onSubmit={props.ask}
    >
      <fieldset class="group-of-fields">
        <legend>What it asks for</legend>
        <BoundField form={form} name="model" label="Model or alias" placeholder="gpt-5" />
        <BoundField form={form} name="pool_id" label="Pool" suggestions={knownPools()} />
        <BoundField
          form={form}
          name="client_key_id"
          label="Client key"
          choices={keyChoices(data?.keys ?? [], form.values.value.client_key_id)}
          hint="With its pools, its models, and what it has made before."
        />
      </fieldset>
      <fieldset class="group-of-fields">
        <legend>What it goes on from</legend>
        <BoundField form={form} name="session_id" label="Session" />
        <BoundField form={form} name="previous_response_id" label="Previous response" placeholder="resp_…" />
        <BoundField form={form} name="conversation_id" label="Conversation" placeholder="conv_…" />
        <BoundField form={form} name="thread_id" label="Thread" />
        <BoundField
          form={form}
          name="parent_thread_id"
          label="Parent thread"
          hint="Of the agent that started this one."
        />
        <CheckField form={form} name="sealed" label="Its input holds encrypted content" />
      </fieldset>
    </FormFrame>
  );
}

/** One that an address names stays to be seen, also where it is gone. */
function keyChoices(keys: readonly KeyRow[], chosen: string): Choice[] {
  const open = keys.filter(({ revoked_at }) => revoked_at === null);
  const known = open.map(({ id, name }) => ({ value: id, label: name }));
  const gone = chosen !== '' && !open.some(({ id }) => id === chosen);
  return [
    { value: '', label: 'none: a program on this machine' },
    ...known,
    ...(gone ? [{ value: chosen, label: chosen }] : []),
  ];
}
