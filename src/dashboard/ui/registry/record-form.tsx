import type { ComponentChildren, JSX } from 'preact';
import { sendJson } from '../api.js';
import type { Form, FormValues } from '../forms/form.js';
import { FormFrame } from '../forms/form-frame.js';
import { dropForm } from '../forms/use-form.js';
import { go } from '../router.js';
import { tell } from './told.js';
import { TrialResult } from './trial-result.js';
import type { TrialOf } from './use-trial.js';

interface Props<T extends FormValues> {
  readonly form: Form<T>;
  /** As `useForm` knows it. */
  readonly name: string;
  readonly label: string;
  /** Where records of its kind are created, and below which each has its own address. */
  readonly path: string;
  /** The page that lists them. */
  readonly list: string;
  /** Of the record to change; null = a new one. */
  readonly id: string | null;
  /** What people call the record. */
  readonly called: (values: T) => string;
  readonly created: (values: T) => unknown;
  readonly changed: (initial: T, values: T) => unknown;
  readonly trial: TrialOf;
  readonly children: ComponentChildren;
}

/** A record of the registry, to register or to change, with a test before it is saved. */
export function RecordForm<T extends FormValues>(props: Props<T>): JSX.Element {
  const { form, id, trial } = props;
  const leave = (): void => {
    dropForm(props.name);
    go(props.list);
  };
  const send = async (): Promise<void> => {
    const values = form.values.value;
    if (id === null) await sendJson('POST', props.path, props.created(values));
    else
      await sendJson('PATCH', `${props.path}/${encodeURIComponent(id)}`, props.changed(form.initial, values));
  };
  const save = async (): Promise<void> => {
    if (!(await form.run('save', send))) return;
    leave();
    tell(`${props.called(form.values.value)} is saved.`);
  };
  return (
    <>
      <FormFrame
        form={form}
        label={props.label}
        submit={id === null ? 'Register' : 'Save'}
        submitting="Saving…"
        onSubmit={() => void save()}
        more={
          <>
            <button type="button" disabled={form.busy.value !== ''} onClick={trial.run}>
              {form.busy.value === 'test' ? 'Testing…' : 'Test'}
            </button>
            <button type="button" class="plain" onClick={leave}>
              {form.dirty ? 'Discard' : 'Back'}
            </button>
          </>
        }
      >
        {props.children}
      </FormFrame>
      <TrialResult trial={trial.trial} outdated={trial.outdated} />
    </>
  );
}
