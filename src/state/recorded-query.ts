import { nameOf } from './binding-name.js';
import type { AffinityBinding, BindingKey } from './live-state.js';

/** Of those who share a query: each looks through all that is found for its own. One alone may ask for more. */
const MOST_KEYS = 250;

/** One look into the history on behalf of all who asked before it began. */
export class RecordedQuery {
  readonly #keys = new Map<string, BindingKey>();
  readonly answer: Promise<readonly AffinityBinding[]>;
  #resolve: (found: readonly AffinityBinding[]) => void = () => undefined;
  #reject: (error: unknown) => void = () => undefined;

  /** `now` is epoch ms. */
  constructor(
    keys: readonly BindingKey[],
    readonly now: number,
  ) {
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
    this.answer.catch(() => undefined); // those who still wait hear of it
    for (const key of keys) this.#keys.set(nameOf(key), key);
  }

  /** False when there is no room for them. */
  take(keys: readonly BindingKey[]): boolean {
    if (this.#keys.size + keys.length > MOST_KEYS) return false;
    for (const key of keys) this.#keys.set(nameOf(key), key);
    return true;
  }

  get keys(): readonly BindingKey[] {
    return [...this.#keys.values()];
  }

  /** Tells all who asked what comes of it. */
  settle(work: Promise<readonly AffinityBinding[]>): void {
    work.then(this.#resolve, this.#reject);
  }
}
