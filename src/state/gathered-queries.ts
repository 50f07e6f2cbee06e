import type { BindingKey } from './live-state.js';
import { RecordedQuery } from './recorded-query.js';

/** Keys that wait for their turn. */
const MOST_WAITING = 5_000;
/** Of those, what one caller may ask for: who invents ids by the thousand must not keep others from asking. */
const MOST_OF_ONE = MOST_WAITING / 4;

/** The queries that wait for the one under way. */
export class GatheredQueries {
  readonly #waiting: RecordedQuery[] = [];
  /** Keys that wait, by caller. */
  readonly #ofCaller = new Map<string, number>();
  #keys = 0;

  get size(): number {
    return this.#waiting.length;
  }

  /** Keys of one request. Null = there is no room for them; a caller of whom nothing waits may ask for any number. */
  add(keys: readonly BindingKey[], now: number): RecordedQuery | null {
    const caller = keys[0]?.callerId ?? '';
    const own = this.#ofCaller.get(caller) ?? 0;
    if (this.#keys + keys.length > MOST_WAITING) return null;
    if (own > 0 && own + keys.length > MOST_OF_ONE) return null;
    this.#ofCaller.set(caller, own + keys.length);
    this.#keys += keys.length;
    return this.#place(keys, now);
  }

  next(): RecordedQuery | undefined {
    const query = this.#waiting.shift();
    for (const [caller, count] of query?.shares ?? []) {
      const left = (this.#ofCaller.get(caller) ?? 0) - count;
      if (left > 0) this.#ofCaller.set(caller, left);
      else this.#ofCaller.delete(caller);
      this.#keys -= count;
    }
    return query;
  }

  #place(keys: readonly BindingKey[], now: number): RecordedQuery {
    const last = this.#waiting.at(-1);
    if (last?.take(keys) === true) return last;
    const query = new RecordedQuery(keys, now);
    this.#waiting.push(query);
    return query;
  }
}
