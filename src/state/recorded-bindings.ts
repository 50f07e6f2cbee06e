import type { Clock } from '../common/clock.js';
import { bounded } from '../infra/redis/bounded.js';
import { Breaker } from '../infra/redis/breaker.js';
import type { AffinityBinding, BindingKey } from './live-state.js';

/** Most that a request may lose to a look into the history. */
const PATIENCE_MS = 250;
const MOST_AT_ONCE = 8;

export type BindingSource = (keys: readonly BindingKey[], now: number) => Promise<readonly AffinityBinding[]>;

/** Bindings in the history, for the ids that neither memory nor Redis knows. Set by whoever composes the program. */
export class RecordedBindings {
  source: BindingSource | null = null;
  readonly #breaker = new Breaker();
  #asking = 0;

  constructor(private readonly clock: Clock) {}

  get available(): boolean {
    return (
      this.source !== null && this.#asking < MOST_AT_ONCE && this.#breaker.mayTry(this.clock.monotonic())
    );
  }

  /** `now` is epoch ms. Null = it cannot be told now. Never rejects. */
  async find(keys: readonly BindingKey[], now: number): Promise<readonly AffinityBinding[] | null> {
    const { source } = this;
    if (source === null || !this.available) return null;
    this.#asking += 1;
    const work = source(keys, now);
    // The place is free when the database has let go of it, not when nobody waits any more.
    void this.#letGo(work);
    try {
      const found = await bounded(work, PATIENCE_MS);
      this.#breaker.pass(this.clock.monotonic());
      return found;
    } catch {
      this.#breaker.trip(this.clock.monotonic());
      return null;
    }
  }

  async #letGo(work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch {
      // The one who asked hears of it.
    }
    this.#asking -= 1;
  }
}
