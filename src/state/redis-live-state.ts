import type { Clock } from '../common/clock.js';
import type { AffinityBinding, BindingKey, DecisionRecord, LiveState } from './live-state.js';
import { MemoryLiveState } from './memory-live-state.js';
import type { RecordedBindings } from './recorded-bindings.js';
import { RecentMisses } from './recent-misses.js';
import { RedisBindings } from './redis-bindings.js';
import type { RedisClock } from './redis-clock.js';
import type { RedisNames } from './redis-names.js';
import type { RedisPeers } from './redis-peers.js';
import type { RedisService } from '../infra/redis/redis.service.js';

export interface RedisLiveStateParts {
  readonly redis: RedisService;
  readonly names: RedisNames;
  readonly time: RedisClock;
  readonly peers: RedisPeers;
  readonly recorded: RecordedBindings;
  readonly clock: Clock;
  readonly instanceId: string;
}

/** This process's memory, with what the others say of theirs. Everything is answered from memory; `recall` fills it. */
export class RedisLiveState implements LiveState {
  readonly #memory: MemoryLiveState;
  readonly #bindings: RedisBindings;
  readonly #misses: RecentMisses;

  constructor(
    maxBindings: number,
    private readonly parts: RedisLiveStateParts,
  ) {
    const { redis, names, time, peers, instanceId, clock } = parts;
    this.#memory = new MemoryLiveState(maxBindings);
    this.#misses = new RecentMisses(clock);
    this.#bindings = new RedisBindings(redis, names, time, instanceId, (binding) =>
      this.#memory.remember(binding),
    );
    peers.onBeat((changed) => {
      this.#bindings.flush();
      // What others held may have become free.
      if (changed) this.touch();
    });
  }

  get localInFlight(): number {
    return this.#memory.localInFlight;
  }

  get localCounts(): Readonly<Record<string, number>> {
    return this.#memory.localCounts;
  }

  inFlight(resourceId: string): number {
    return this.#memory.inFlight(resourceId) + this.parts.peers.inFlightElsewhere(resourceId);
  }

  enter(resourceId: string): () => void {
    return this.#memory.enter(resourceId);
  }

  binding(key: BindingKey, now: number): AffinityBinding | null {
    return this.#memory.binding(key, now);
  }

  bind(binding: AffinityBinding): void {
    this.#memory.bind(binding);
    this.#bindings.put(binding);
  }

  remember(binding: AffinityBinding): void {
    this.#memory.remember(binding);
  }

  get bindingCount(): number {
    return this.#memory.bindingCount;
  }

  recall(keys: readonly BindingKey[], now: number): Promise<void> | null {
    const unknown = keys.filter((key) => !this.#misses.has(key) && this.binding(key, now) === null);
    if (unknown.length === 0) return null;
    if (!this.parts.redis.up && !this.parts.recorded.available) return null;
    return this.#recall(unknown, now);
  }

  async #recall(keys: readonly BindingKey[], now: number): Promise<void> {
    const shared = await this.#bindings.get(keys);
    for (const binding of shared ?? []) this.#memory.remember(binding);
    const missing = weightier(keys, (key) => this.binding(key, now) !== null);
    if (missing.length === 0) return;
    const recorded = await this.parts.recorded.find(missing, now);
    for (const binding of recorded ?? []) this.#memory.remember(binding);
    if (shared === null && recorded === null) return;
    for (const key of missing) if (this.binding(key, now) === null) this.#misses.add(key);
  }

  recentDecisions(limit: number): readonly DecisionRecord[] {
    return this.#memory.recentDecisions(limit);
  }

  rememberDecision(decision: DecisionRecord): void {
    this.#memory.rememberDecision(decision);
  }

  subscribe(listener: () => void): () => void {
    return this.#memory.subscribe(listener);
  }

  touch(): void {
    this.#memory.touch();
  }
}

/** Those before the first that is known: it decides, whatever comes after it. */
function weightier(keys: readonly BindingKey[], known: (key: BindingKey) => boolean): readonly BindingKey[] {
  const first = keys.findIndex(known);
  return first === -1 ? keys : keys.slice(0, first);
}
