import { nameOf } from './binding-name.js';
import type { AffinityBinding, BindingKey } from './live-state.js';

/** Of those who share a query: each looks through all that is found for its own. One alone may ask for more. */
const MOST_KEYS = 250;

/** One look into the history on behalf of all who asked before it began. */
export class RecordedQuery {
  readonly #keys = new Map<string, BindingKey>();
  readonly #shares = new Map<string, number>();
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
    this.#add(keys);
  }

  /** False when there is no room for them. */
  take(keys: readonly BindingKey[]): boolean {
    if (this.#keys.size + keys.length > MOST_KEYS) return false;
    this.#add(keys);
    return true;
  }

  get keys(): readonly BindingKey[] {
    return [...this.#keys.values()];
  }

  /** How many keys each caller asked for, those that another asked for, too, included. */
  get shares(): ReadonlyMap<string, number> {
    return this.#shares;
  }

  /** Tells all who asked what comes of it. */
  settle(work: Promise<readonly AffinityBinding[]>): void {
    work.then(this.#resolve, this.#reject);
  }

  /** All of one caller. */
  #add(keys: readonly BindingKey[]): void {
    for (const key of keys) this.#keys.set(nameOf(key), key);
    const caller = keys[0]?.callerId ?? '';
    this.#shares.set(caller, (this.#shares.get(caller) ?? 0) + keys.length);
  }
}
