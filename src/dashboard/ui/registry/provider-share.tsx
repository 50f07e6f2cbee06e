import type { JSX } from 'preact';
import { BoundField } from '../forms/bound-field.js';
import { CheckField } from '../forms/check-field.js';
import type { Form } from '../forms/form.js';
import type { ProviderDraft } from './provider-draft.js';
import { knownPools } from './use-live-reload.js';

/** Which requests it gets, and how many. */
export function ProviderShare(props: { form: Form<ProviderDraft> }): JSX.Element {
  const { form } = props;
  return (
    <fieldset class="group-of-fields">
      <legend>Its share of the requests</legend>
      <BoundField
        form={form}
        name="pool_id"
        label="Pool"
        suggestions={knownPools()}
        hint="Requests that ask for this pool, or for none, may go there."
      />
      <BoundField
        form={form}
        name="weight"
        label="Weight"
        hint="Share beside the others; 2 gets twice as much as 1."
      />
      <BoundField
        form={form}
        name="organization"
        label="Organisation"
        hint="Keys of one organisation can continue each other's conversations. Empty: learned from its answers."
      />
      <BoundField
        form={form}
        name="max_concurrency"
        label="Most requests at once"
        hint="Of all replicas together. Empty: no cap."
      />
      <CheckField form={form} name="enabled" label="Enabled" hint="Off: it is stored and gets no requests." />
    </fieldset>
  );
}
