import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import type { Choice } from '../components/field.js';
import type { Form, FormValues } from './form.js';

/** One of a few, all to be seen at once. */
export function ChoiceField<T extends FormValues>(props: {
  readonly form: Form<T>;
  readonly name: keyof T & string;
  readonly label: string;
  readonly choices: readonly Choice[];
}): JSX.Element {
  const id = useId();
  const { form, name } = props;
  return (
    <fieldset class="field choice-field">
      <legend>{props.label}</legend>
      {props.choices.map(({ value, label }) => (
        <label key={value} for={`${id}-${value}`}>
          <input
            id={`${id}-${value}`}
            type="radio"
            name={`${id}-${name}`}
            value={value}
            checked={form.values.value[name] === value}
            onChange={() => form.set({ [name]: value } as unknown as Partial<T>)}
          />{' '}
          {label}
        </label>
      ))}
    </fieldset>
  );
}
