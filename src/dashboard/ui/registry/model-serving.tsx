import type { JSX } from 'preact';
import { BoundField } from '../forms/bound-field.js';
import { ChoiceField } from '../forms/choice-field.js';
import type { Form } from '../forms/form.js';
import type { ModelDraft } from './model-draft.js';
import type { ProviderRow } from './registry-wire.js';
import { knownPools } from './use-live-reload.js';

const PLACES = [
  { value: 'any', label: 'any resource' },
  { value: 'provider', label: 'one registered provider' },
  { value: 'pool', label: 'a pool' },
];

/** Where requests for it go, and what is tried when nobody there can take them. */
export function ModelServing(props: {
  form: Form<ModelDraft>;
  providers: readonly ProviderRow[];
}): JSX.Element {
  const { form } = props;
  const { served_by, provider_id } = form.values.value;
  return (
    <fieldset class="group-of-fields">
      <legend>Who serves it</legend>
      <ChoiceField form={form} name="served_by" label="Served by" choices={PLACES} />
      {served_by === 'provider' && (
        <BoundField
          form={form}
          name="provider_id"
          label="Provider"
          required
          choices={providerChoices(props.providers, provider_id)}
          hint={props.providers.length === 0 ? 'None is registered yet.' : undefined}
        />
      )}
      {served_by === 'pool' && (
        <BoundField form={form} name="pool_id" label="Pool" required suggestions={knownPools()} />
      )}
      <BoundField
        form={form}
        name="fallbacks"
        label="Fallbacks"
        lines={3}
        placeholder="gpt-5-mini"
        hint="Aliases and models to try next, one a line, in order, when nobody can take a request. Over HTTP."
      />
    </fieldset>
  );
}

/** One that is gone stays in the list: choosing something else must be somebody's own act. */
function providerChoices(
  providers: readonly ProviderRow[],
  chosen: string,
): { value: string; label: string }[] {
  const known = providers.map(({ id, name }) => ({ value: id, label: name === id ? id : `${name} (${id})` }));
  const gone = chosen !== '' && !providers.some(({ id }) => id === chosen);
  return [
    { value: '', label: 'choose…' },
    ...known,
    ...(gone ? [{ value: chosen, label: `${chosen} (gone)` }] : []),
  ];
}
