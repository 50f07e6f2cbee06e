import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../common/clock.js';
import { isHard } from './binding-weight.js';
import type { AffinityBinding, BindingKey, DecisionRecord, LiveState } from './live-state.js';
import { MemoryLiveState } from './memory-live-state.js';
import { PATIENCE_MS, type RecordedBindings } from './recorded-bindings.js';
import { RecentMisses } from './recent-misses.js';
import { RedisBindings } from './redis-bindings.js';
import type { RedisClock } from './redis-clock.js';
import type { RedisNames } from './redis-names.js';
import type { RedisPeers } from './redis-peers.js';
import type { RedisService } from '../infra/redis/redis.service.js';
import { RedisUnion } from './redis-union.js';

/** While the replicas are apart: how soon a record of one is in the history of all. */
const SETTLED_MS = 1_500;
/** While they are apart: most that such a request waits for a history that does not answer. */
const ANSWER_MS = 1_000;
const AGAIN_MS = 50;

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
  readonly #union: RedisUnion;

  constructor(
    maxBindings: number,
    private readonly parts: RedisLiveStateParts,
  ) {
    const { redis, names, time, peers, instanceId, clock } = parts;
    this.#memory = new MemoryLiveState(maxBindings, clock);
    this.#misses = new RecentMisses(clock);
    this.#union = new RedisUnion(redis, clock);
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

  recall(keys: readonly BindingKey[], now: number, every = false): Promise<boolean> | null {
    const { apart } = this.#union;
    const unknown = keys.filter(
      (key) => this.binding(key, now) === null && ((apart && isHard(key)) || !this.#misses.has(key)),
    );
    if (unknown.length === 0) return null;
    const { redis, recorded } = this.parts;
    const mayWait = apart && recorded.source !== null && unknown.some(isHard);
    if (!redis.up && !recorded.available && !mayWait) return null;
    return this.#recall(unknown, now, every);
  }

  /**
   * While the replicas are apart, what another one has just made is in the history a moment later: what only its owner
   * can serve is looked for until then, before it counts as unknown.
   */
  async #recall(keys: readonly BindingKey[], now: number, every: boolean): Promise<boolean> {
    const hard = keys.filter(isHard);
    const open = (): boolean => {
      const missing = hard.filter((key) => this.binding(key, now) === null);
      return missing.length > 0 && (every || missing.length === hard.length);
    };
    const since = this.parts.clock.monotonic();
    for (;;) {
      const waitedMs = this.parts.clock.monotonic() - since;
      const patient = this.#union.apart && open();
      const answered = await this.#look(keys, now, every, patient ? ANSWER_MS - waitedMs : 0);
      if (!open() || this.parts.recorded.source === null) return true;
      if (!this.#union.apart) return answered;
      const lostMs = this.parts.clock.monotonic() - since;
      if (lostMs >= (answered ? SETTLED_MS : ANSWER_MS)) return answered;
      await sleep(AGAIN_MS);
    }
  }

  /** Whether the history could be asked, where that was worth while. */
  async #look(
    keys: readonly BindingKey[],
    now: number,
    every: boolean,
    patienceMs: number,
  ): Promise<boolean> {
    const known = (key: BindingKey): boolean => this.binding(key, now) !== null;
    const shared = await this.#bindings.get(keys);
    for (const binding of shared ?? []) this.#memory.remember(binding);
    const missing = worthALook(keys, known, every);
    if (missing.length === 0) return true;
    // Redis has what went from here before it was in the history.
    const mayCome = shared === null && this.#memory.hasLost(this.parts.recorded.owedSince());
    const recorded = await this.parts.recorded.find(missing, now, Math.max(PATIENCE_MS, patienceMs));
    for (const binding of recorded ?? []) this.#memory.remember(binding);
    const told = recorded !== null && !mayCome;
    // What only its owner can serve is no miss as long as the history may know it.
    const asked = (key: BindingKey): boolean => told || (shared !== null && !isHard(key));
    for (const key of missing) if (!known(key) && asked(key)) this.#misses.add(key);
    return told;
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

/** Those before the first that is known, which decides; behind it, where `every` hard one counts, the hard ones. */
function worthALook(
  keys: readonly BindingKey[],
  known: (key: BindingKey) => boolean,
  every: boolean,
): readonly BindingKey[] {
  const first = keys.findIndex(known);
  if (first === -1) return keys;
  return keys.filter((key, i) => i < first || (every && isHard(key) && !known(key)));
}
