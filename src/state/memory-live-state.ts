import type { Clock } from '../common/clock.js';
import { steadyNow } from '../common/steady-now.js';
import { nameOf } from './binding-name.js';
import { isHard, onlyHelps } from './binding-weight.js';
import type { AffinityBinding, BindingKey, DecisionRecord, LiveState } from './live-state.js';
import { DecisionRing } from './decision-ring.js';
import { RecentMisses } from './recent-misses.js';
import type { RecordedBindings } from './recorded-bindings.js';

const REMEMBERED_DECISIONS = 200;

/** Live state of one process. Complete in itself: an adapter that shares it with others wraps it, never replaces it. */
export class MemoryLiveState implements LiveState {
  readonly #open = new Map<string, number>();
  /** Insertion order is recency: the first entry is the least recently used. */
  readonly #bindings = new Map<string, AffinityBinding>();
  readonly #decisions = new DecisionRing(REMEMBERED_DECISIONS);
  readonly #listeners = new Set<() => void>();
  readonly #misses: RecentMisses;
  #localInFlight = 0;
  /** When the latest of those was bound that only their owner can serve and that are no longer here. */
  #evictedTo = -Infinity;

  /** `recorded`: where `recall` looks; null when somebody else does. */
  constructor(
    private readonly maxBindings: number,
    private readonly clock: Clock,
    private readonly recorded: RecordedBindings | null = null,
  ) {
    this.#misses = new RecentMisses(clock);
  }

  get localInFlight(): number {
    return this.#localInFlight;
  }

  /** By resource; those at 0 are left out. */
  get localCounts(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.#open);
  }

  inFlight(resourceId: string): number {
    return this.#open.get(resourceId) ?? 0;
  }

  enter(resourceId: string): () => void {
    this.#open.set(resourceId, this.inFlight(resourceId) + 1);
    this.#localInFlight++;
    this.touch();
    let inside = true;
    return () => {
      if (!inside) return;
      inside = false;
      this.#leave(resourceId);
    };
  }

  #leave(resourceId: string): void {
    const open = this.inFlight(resourceId);
    // No count is kept at zero: resources come and go, and a map of their ghosts would grow.
    if (open > 1) this.#open.set(resourceId, open - 1);
    else this.#open.delete(resourceId);
    this.#localInFlight--;
    this.touch();
  }

  binding(key: BindingKey, now: number): AffinityBinding | null {
    const name = nameOf(key);
    const found = this.#bindings.get(name);
    if (found === undefined) return null;
    this.#bindings.delete(name);
    if (found.expiresAt <= now) return null;
    this.#bindings.set(name, found);
    return found;
  }

  bind(binding: AffinityBinding): void {
    const name = nameOf(binding);
    this.#bindings.delete(name);
    if (binding.expiresAt <= binding.boundAt) return;
    this.#bindings.set(name, binding);
    if (this.#bindings.size > this.maxBindings) this.#evict();
  }

  remember(binding: AffinityBinding): void {
    const known = this.#bindings.get(nameOf(binding));
    if (known === undefined || isLater(binding, known)) this.bind(binding);
  }

  #evict(): void {
    for (const [oldest, binding] of this.#bindings) {
      this.#bindings.delete(oldest);
      // Told by a host whose clock is ahead, it was made by now at the latest all the same.
      const madeAt = Math.min(binding.boundAt, steadyNow(this.clock));
      if (isHard(binding)) this.#evictedTo = Math.max(this.#evictedTo, madeAt);
      if (this.#bindings.size <= this.maxBindings) return;
    }
  }

  /**
   * Whether something that only its owner can serve may have gone from here before it was in the history. `owedSince` is
   * epoch ms by the wall clock, what is bound goes by the steady one: a millisecond is for rounding both.
   */
  hasLost(owedSince: number | null): boolean {
    if (owedSince === null) return false;
    return this.#evictedTo + this.clock.now() - steadyNow(this.clock) + 1 >= owedSince;
  }

  get bindingCount(): number {
    return this.#bindings.size;
  }

  /** Memory is bounded and the history is not: what went from here may be there. For a session alone nobody waits. */
  recall(keys: readonly BindingKey[], now: number): Promise<boolean> | null {
    const { recorded } = this;
    if (recorded === null || recorded.source === null) return null;
    const unknown = keys.filter((key) => this.binding(key, now) === null && !this.#misses.has(key));
    return unknown.every(onlyHelps) ? null : this.#look(recorded, unknown, now);
  }

  async #look(recorded: RecordedBindings, keys: readonly BindingKey[], now: number): Promise<boolean> {
    // Before it is looked for: what is recorded meanwhile may have come too late to be found.
    const mayCome = this.hasLost(recorded.owedSince());
    const found = await recorded.find(keys, now);
    for (const binding of found ?? []) this.remember(binding);
    const missing = keys.filter((key) => this.binding(key, now) === null);
    if (found === null || mayCome) return !missing.some(isHard);
    for (const key of missing) this.#misses.add(key);
    return true;
  }

  recentDecisions(limit: number): readonly DecisionRecord[] {
    return this.#decisions.newest(limit);
  }

  rememberDecision(decision: DecisionRecord): void {
    this.#decisions.push(decision);
    this.touch();
  }

  subscribe(listener: () => void): () => void {
    // Wrapped, so that a listener subscribed twice is two subscriptions.
    const own = (): void => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  touch(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch {
        // A page that cannot be told must not cost an exchange its slot; the subscriber logs its own failures.
      }
    }
  }
}

/** Two that were made at once must end the same way for everybody. An end is later than what it ends. */
function isLater(binding: AffinityBinding, known: AffinityBinding): boolean {
  if (binding.boundAt !== known.boundAt) return binding.boundAt > known.boundAt;
  return binding.expiresAt <= binding.boundAt || binding.fingerprint > known.fingerprint;
}
