import { type Signal, useSignal } from '@preact/signals';
import { sendJson } from '../api.js';
import type { Form, FormValues } from '../forms/form.js';
import type { Trial } from './registry-wire.js';

export interface TrialOf {
  readonly trial: Trial | null;
  /** Whether the form has been changed since. */
  readonly outdated: boolean;
  readonly run: () => void;
}

/** A test of what a form says, before it is saved. */
export function useTrial<T extends FormValues>(
  form: Form<T>,
  path: string,
  body: (values: T) => unknown,
): TrialOf {
  const trial: Signal<Trial | null> = useSignal(null);
  const tried: Signal<T | null> = useSignal(null);
  const run = (): void => {
    const values = form.values.value;
    void form.run('test', async () => {
      trial.value = null;
      trial.value = await sendJson<Trial>('POST', path, body(values));
      tried.value = values;
    });
  };
  return { trial: trial.value, outdated: tried.value !== form.values.value, run };
}
