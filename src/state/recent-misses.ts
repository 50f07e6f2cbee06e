import type { Clock } from '../common/clock.js';
import { nameOf } from './binding-name.js';
import type { BindingKey } from './live-state.js';

const REMEMBERED_MS = 2_000;
const MOST = 10_000;

/** Ids that nobody knew a moment ago: not worth asking for again yet. */
export class RecentMisses {
  /** Monotonic; the order of insertion is that of time. */
  readonly #missedAt = new Map<string, number>();

  constructor(private readonly clock: Clock) {}

  add(key: BindingKey): void {
    const name = nameOf(key);
    this.#missedAt.delete(name);
    this.#missedAt.set(name, this.clock.monotonic());
    for (const oldest of this.#missedAt.keys()) {
      if (this.#missedAt.size <= MOST) return;
      this.#missedAt.delete(oldest);
    }
  }

  has(key: BindingKey): boolean {
    const at = this.#missedAt.get(nameOf(key));
    return at !== undefined && this.clock.monotonic() - at < REMEMBERED_MS;
  }
}
