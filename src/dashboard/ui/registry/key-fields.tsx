import type { JSX } from 'preact';
import { BoundField } from '../forms/bound-field.js';
import type { Form } from '../forms/form.js';
import type { KeyDraft } from './key-draft.js';
import { knownPools } from './use-live-reload.js';

/** The terms of a key; what is left empty has no limit. */
export function KeyFields({ form }: { form: Form<KeyDraft> }): JSX.Element {
  const pools = knownPools();
  return (
    <>
      <fieldset class="group-of-fields">
        <legend>Whose it is, and for how long</legend>
        <BoundField
          form={form}
          name="name"
          label="Name"
          required
          hint="By which people know it: ci-runner."
        />
        <BoundField
          form={form}
          name="expires_at"
          label="Valid until"
          type="datetime-local"
          hint="In your time zone. Empty: until it is revoked."
        />
      </fieldset>
      <fieldset class="group-of-fields">
        <legend>What it may ask for</legend>
        <BoundField
          form={form}
          name="allowed_pools"
          label="Pools"
          lines={3}
          hint={`One a line. Empty: any.${pools.length === 0 ? '' : ` There are: ${pools.join(', ')}.`}`}
        />
        <BoundField
          form={form}
          name="allowed_models"
          label="Models and aliases"
          lines={3}
          hint="One a line. Empty: any."
        />
      </fieldset>
      <fieldset class="group-of-fields">
        <legend>How much</legend>
        <BoundField
          form={form}
          name="requests_per_minute"
          label="Requests a minute"
          hint="Empty, here and below: no limit."
        />
        <BoundField form={form} name="tokens_per_minute" label="Tokens a minute" />
        <BoundField form={form} name="daily_tokens" label="Tokens a day (UTC)" />
        <BoundField form={form} name="monthly_tokens" label="Tokens a month (UTC)" />
        <BoundField form={form} name="daily_cost_usd" label="US dollars a day (UTC)" />
        <BoundField form={form} name="monthly_cost_usd" label="US dollars a month (UTC)" />
      </fieldset>
    </>
  );
}
