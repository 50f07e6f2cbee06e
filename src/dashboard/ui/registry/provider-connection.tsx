import type { JSX } from 'preact';
import { BoundField } from '../forms/bound-field.js';
import { ChoiceField } from '../forms/choice-field.js';
import type { Form } from '../forms/form.js';
import type { ProviderDraft } from './provider-draft.js';

const AUTH_TYPES = [
  { value: 'bearer', label: 'Authorization: Bearer …' },
  { value: 'header', label: 'A header of its own' },
  { value: 'none', label: 'None: it wants no key' },
];
const KEY_PLACES = [
  { value: 'inline', label: 'entered here, stored encrypted' },
  { value: 'variable', label: 'in a variable of the process' },
];

/** Where it is, and how it knows us. */
export function ProviderConnection(props: { form: Form<ProviderDraft>; keyStored: boolean }): JSX.Element {
  const { form } = props;
  const { auth_type, key_from } = form.values.value;
  return (
    <fieldset class="group-of-fields">
      <legend>Address and key</legend>
      <BoundField
        form={form}
        name="base_url"
        label="Base URL"
        type="url"
        required
        hint="Everything before /responses. Fill in what is in braces."
      />
      <BoundField form={form} name="auth_type" label="How the key is sent" choices={AUTH_TYPES} />
      {auth_type === 'header' && (
        <BoundField
          form={form}
          name="auth_header"
          label="Name of the header"
          placeholder="api-key"
          required
        />
      )}
      {auth_type !== 'none' && (
        <ChoiceField form={form} name="key_from" label="The key is" choices={KEY_PLACES} />
      )}
      {auth_type !== 'none' && key_from === 'inline' && (
        <BoundField
          form={form}
          name="api_key"
          label="API key"
          type="password"
          hint={keyHint(props.keyStored)}
        />
      )}
      {auth_type !== 'none' && key_from === 'variable' && (
        <BoundField
          form={form}
          name="credential_ref"
          label="Variable"
          placeholder="env:TEAM_KEY"
          required
          hint="env: and its name. The proxy reads it; it is not stored."
        />
      )}
      <BoundField
        form={form}
        name="health_path"
        label="Path of the health check"
        placeholder="/models"
        hint="A path that answers 200. Empty: PROXY_HEALTH_CHECK_PATH."
      />
    </fieldset>
  );
}

function keyHint(stored: boolean): string {
  return stored
    ? 'One is stored and never shown. Empty: it stays as it is. A new base URL wants it again.'
    : 'Stored encrypted, and never shown again.';
}
