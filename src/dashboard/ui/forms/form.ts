import { signal, type Signal } from '@preact/signals';
import { messageOf } from '../api.js';

export type FormValues = Readonly<Record<string, string | boolean>>;

/** What does not belong to one field is told under this name. */
export const WHOLE = '';

/**
 * What somebody is writing. It lives apart from the component that shows it, so that neither the live stream nor a
 * sign-in in between takes it away. Fields have the names that the API gives them.
 */
export class Form<T extends FormValues> {
  readonly values: Signal<T>;
  /** What is wrong, by field. */
  readonly errors = signal<Readonly<Record<string, string>>>({});
  /** Name of what is under way; '' = nothing. */
  readonly busy = signal('');

  constructor(readonly initial: T) {
    this.values = signal(initial);
  }

  get dirty(): boolean {
    return Object.keys(this.initial).some((name) => this.values.value[name] !== this.initial[name]);
  }

  set(changes: Partial<T>): void {
    this.values.value = { ...this.values.value, ...changes };
    const { errors } = this;
    errors.value = Object.fromEntries(Object.entries(errors.value).filter(([name]) => !(name in changes)));
  }

  error(name: string): string | null {
    return this.errors.value[name] ?? null;
  }

  /** Answers whether it went well; what went wrong is in `errors`, and every value stays as it was. */
  async run(what: string, action: () => Promise<void>): Promise<boolean> {
    if (this.busy.value !== '') return false;
    this.busy.value = what;
    this.errors.value = {};
    try {
      await action();
      return true;
    } catch (error: unknown) {
      this.errors.value = { [this.#placeOf(error)]: messageOf(error) };
      return false;
    } finally {
      this.busy.value = '';
    }
  }

  #placeOf(error: unknown): string {
    const param = error instanceof Error && 'param' in error ? error.param : null;
    return typeof param === 'string' && param in this.initial ? param : WHOLE;
  }
}
