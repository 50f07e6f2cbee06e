import type { JSX } from 'preact';
import { Field } from '../components/field.js';
import type { Form } from '../forms/form.js';
import { fromPreset, type ProviderDraft } from './provider-draft.js';
import type { Preset } from './registry-wire.js';

/** Fills the form in for a provider that people use, and says what is special about it. */
export function ProviderPreset(props: {
  form: Form<ProviderDraft>;
  presets: readonly Preset[];
}): JSX.Element | null {
  const { form, presets } = props;
  if (presets.length === 0) return null;
  const type = form.values.value.provider_type;
  const preset = presets.find(({ provider_type }) => provider_type === type);
  const choose = (value: string): void => {
    const chosen = presets.find(({ provider_type }) => provider_type === value);
    if (chosen !== undefined) form.set(fromPreset(form.values.value, chosen, presets));
  };
  return (
    <>
      <Field
        label="Begin with"
        name="provider_type"
        value={type}
        onValue={choose}
        error={form.error('provider_type')}
        choices={presets.map(({ provider_type, name }) => ({ value: provider_type, label: name }))}
      />
      {preset !== undefined && (
        <div class="preset-notes across">
          <p>{preset.notes}</p>
          {preset.local && (
            <p>It is on your own network: PROXY_UPSTREAM_ALLOW_CIDRS must name its address.</p>
          )}
          <p>
            <a href={preset.docs_url} target="_blank" rel="noreferrer">
              Its own documentation
            </a>
          </p>
        </div>
      )}
    </>
  );
}
