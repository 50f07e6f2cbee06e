import type { JSX } from 'preact';
import { useId } from 'preact/hooks';
import type { Form, FormValues } from './form.js';

type FlagNames<T> = { [Name in keyof T]: T[Name] extends boolean ? Name : never }[keyof T] & string;

/** A box to tick. */
export function CheckField<T extends FormValues>(props: {
  readonly form: Form<T>;
  readonly name: FlagNames<T>;
  readonly label: string;
  readonly hint?: string;
}): JSX.Element {
  const id = useId();
  const { form, name, hint } = props;
  const error = form.error(name);
  const described = [hint === undefined ? '' : `${id}-hint`, error === null ? '' : `${id}-error`]
    .join(' ')
    .trim();
  return (
    <div class="field check-field">
      <label for={id}>
        <input
          id={id}
          name={name}
          type="checkbox"
          checked={form.values.value[name] === true}
          aria-describedby={described === '' ? undefined : described}
          onChange={(event) => form.set({ [name]: event.currentTarget.checked } as unknown as Partial<T>)}
        />{' '}
        {props.label}
      </label>
      {hint !== undefined && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error !== null && (
        <p class="bad" role="alert" id={`${id}-error`}>
          {error}
        </p>
      )}
    </div>
  );
}
