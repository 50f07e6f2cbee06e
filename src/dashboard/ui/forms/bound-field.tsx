import type { ComponentProps, JSX } from 'preact';
import { Field } from '../components/field.js';
import type { Form, FormValues } from './form.js';

type TextNames<T> = { [Name in keyof T]: T[Name] extends string ? Name : never }[keyof T] & string;

type Props<T extends FormValues> = Omit<
  ComponentProps<typeof Field>,
  'value' | 'onValue' | 'error' | 'name'
> & {
  readonly form: Form<T>;
  /** The API's name of it: its complaints find the field by that. */
  readonly name: TextNames<T>;
};

/** A field of a form: takes its value and what is wrong with it from there. */
export function BoundField<T extends FormValues>({ form, name, ...rest }: Props<T>): JSX.Element {
  return (
    <Field
      {...rest}
      name={name}
      value={String(form.values.value[name])}
      error={form.error(name)}
      onValue={(value) => form.set({ [name]: value } as Partial<T>)}
    />
  );
}
