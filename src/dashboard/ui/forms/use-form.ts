import { useEffect, useMemo } from 'preact/hooks';
import { Form, type FormValues } from './form.js';

const unfinished = new Map<string, unknown>();

/**
 * The form of that name, as it was left when it was left unfinished. `secrets` are never kept. Memory only: a reload
 * begins anew.
 */
export function useForm<T extends FormValues>(
  name: string,
  initial: () => T,
  secrets: Partial<T> = {},
): Form<T> {
  const form = useMemo(() => (unfinished.get(name) as Form<T> | undefined) ?? new Form(initial()), [name]);
  useEffect(() => {
    unfinished.set(name, form);
    return () => {
      form.set(secrets);
      if (!form.dirty && unfinished.get(name) === form) unfinished.delete(name);
    };
  }, [name, form]);
  return form;
}

/** Saved or given up: the next visit begins with what the API says. */
export function dropForm(name: string): void {
  unfinished.delete(name);
}
