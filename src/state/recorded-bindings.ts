import type { Clock } from '../common/clock.js';
import { bounded } from '../infra/redis/bounded.js';
import { Breaker } from '../infra/redis/breaker.js';
import { nameOf } from './binding-name.js';
import { GatheredQueries } from './gathered-queries.js';
import type { AffinityBinding, BindingKey } from './live-state.js';
import type { RecordedQuery } from './recorded-query.js';

/** Most that a request may lose to a look into the history, waiting for its turn included. */
export const PATIENCE_MS = 250;
/** Queries that are overdue and that the database has not let go of. */
const MOST_OUTSTANDING = 4;

export type BindingSource = (keys: readonly BindingKey[], now: number) => Promise<readonly AffinityBinding[]>;

/**
 * Bindings in the history, for the ids that neither memory nor Redis knows. However many requests ask, one query is
 * under way and the next one gathers what all of them want. `source` is set by whoever composes the program.
 */
export class RecordedBindings {
  source: BindingSource | null = null;
  /** Epoch ms: what was made here before it is in the history; null = all is. Set with `source`. */
  owedSince: () => number | null = () => null;
  readonly #breaker = new Breaker();
  readonly #gathered = new GatheredQueries();
  #running = false;
  #outstanding = 0;

  constructor(private readonly clock: Clock) {}

  get available(): boolean {
    return this.source !== null && this.#breaker.mayTry(this.clock.monotonic());
  }

  /**
   * `keys` of one caller; `now` is epoch ms. Null = it cannot be told within `patienceMs`. Who is more patient than usual
   * also asks a database that has just been too slow for the others. Never rejects.
   */
  async find(
    keys: readonly BindingKey[],
    now: number,
    patienceMs = PATIENCE_MS,
  ): Promise<readonly AffinityBinding[] | null> {
    if (this.source === null || (patienceMs <= PATIENCE_MS && !this.available)) return null;
    const query = this.#gather(keys, now);
    if (query === null) return null;
    const wanted = new Set(keys.map(nameOf));
    try {
      const found = await bounded(query.answer, patienceMs);
      return found.filter((binding) => wanted.has(nameOf(binding)));
    } catch {
      return null;
    }
  }

  #gather(keys: readonly BindingKey[], now: number): RecordedQuery | null {
    const idle = this.#gathered.size === 0;
    const query = this.#gathered.add(keys, now);
    // All that ask in this turn of the event loop are in it.
    if (idle && query !== null) setImmediate(() => this.#next());
    return query;
  }

  #next(): void {
    const { source } = this;
    if (source === null || this.#running || this.#outstanding >= MOST_OUTSTANDING) return;
    const query = this.#gathered.next();
    if (query !== undefined) void this.#run(query, source(query.keys, query.now));
  }

  async #run(query: RecordedQuery, work: Promise<readonly AffinityBinding[]>): Promise<void> {
    this.#running = true;
    this.#outstanding += 1;
    void this.#letGo(work);
    try {
      await bounded(work, PATIENCE_MS);
      this.#breaker.pass(this.clock.monotonic());
    } catch {
      this.#breaker.trip(this.clock.monotonic());
    }
    // Who is patient may still hear from one that is overdue; it keeps nobody else from asking.
    query.settle(work);
    this.#running = false;
    this.#next();
  }

  async #letGo(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch {
      // Those who asked hear of it.
    }
    this.#outstanding -= 1;
    this.#next();
  }
}
