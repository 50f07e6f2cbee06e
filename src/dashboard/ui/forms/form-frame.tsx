import type { ComponentChildren, JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { type Form, type FormValues, WHOLE } from './form.js';

/** A form with its end: what is wrong with the whole of it, and its buttons. The field that is wrong takes the focus. */
export function FormFrame<T extends FormValues>(props: {
  readonly form: Form<T>;
  readonly label: string;
  readonly submit: string;
  readonly submitting: string;
  readonly onSubmit: () => void;
  readonly children: ComponentChildren;
  /** Buttons beside the first. */
  readonly more?: ComponentChildren;
}): JSX.Element {
  const { form } = props;
  const element = useRef<HTMLFormElement>(null);
  const errors = form.errors.value;
  const restored = useMemo(() => form.dirty, [form]);
  useEffect(() => focusFirst(element.current, Object.keys(errors)), [errors]);
  const send = (event: Event): void => {
    event.preventDefault();
    props.onSubmit();
  };
  const whole = form.error(WHOLE);
  return (
    <form
      class="card form"
      ref={element}
      aria-label={props.label}
      noValidate
      autocomplete="off"
      onSubmit={send}
    >
      {restored && <p class="hint">You were here before: what you wrote then is not saved yet.</p>}
      {props.children}
      {whole !== null && (
        <p class="notice bad-notice" role="alert">
          {whole}
        </p>
      )}
      <div class="form-end">
        <button type="submit" class="primary" disabled={form.busy.value !== ''}>
          {form.busy.value === 'save' ? props.submitting : props.submit}
        </button>
        {props.more}
      </div>
    </form>
  );
}

function focusFirst(form: HTMLFormElement | null, names: readonly string[]): void {
  const field = names.map((name) => (name === WHOLE ? null : form?.elements.namedItem(name))).find(Boolean);
  if (field instanceof HTMLElement) field.focus();
}
