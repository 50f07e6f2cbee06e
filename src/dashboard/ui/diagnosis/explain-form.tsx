import type { JSX } from 'preact';
import { BoundField } from '../forms/bound-field.js';
import { CheckField } from '../forms/check-field.js';
import type { Form } from '../forms/form.js';
import { FormFrame } from '../forms/form-frame.js';
import { knownPools } from '../registry/use-live-reload.js';
import type { ExplainDraft } from './explain-draft.js';

/** A request that is only imagined. */
export function ExplainForm(props: { form: Form<ExplainDraft>; ask: () => void }): JSX.Element {
  const { form } = props;
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
          name="caller_id"
          label="Caller"
          placeholder="loopback"
          hint="loopback, anonymous, or the id of a client key."
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
