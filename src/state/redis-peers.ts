import { randomUUID } from 'node:crypto';
import type { Clock } from '../common/clock.js';
import type { RedisService } from '../infra/redis/redis.service.js';
import { LonePeers, type PeerIdentity } from './lone-peers.js';
import { readPeer, type ToldPeer } from './peer-facts.js';
import type { Notice, Peer, PeerLink, Peers, PeerSource, ReceivedNotice } from './peers.js';
import type { RedisClock } from './redis-clock.js';
import type { RedisNames } from './redis-names.js';
import { RedisNotices } from './redis-notices.js';
import { BEAT, LEAVE } from './redis-scripts.js';

const BEAT_MS = 200;
/** Every process reads every other one: a large fleet beats more slowly, so that Redis does the same work. */
const BEAT_MS_PER_PEER = 10;
/** Until the first verdict on Redis. */
const CONNECTING_MS = 10;
/** A process that has not been heard for this long is gone, by its own key in Redis and by everybody's memory. */
const LIFE_MS = 8_000;

interface Heard {
  readonly told: ToldPeer;
  /** Monotonic, of the last beat: the store's age of it, counted back from when we asked. */
  readonly at: number;
}

/** The other processes, through Redis: each beats its own facts under its own key and reads everybody else's. */
export class RedisPeers implements Peers {
  readonly #self: LonePeers;
  readonly #notices: RedisNotices;
  readonly #changed = new Set<() => void>();
  readonly #beaten = new Set<(changed: boolean) => void>();
  #others: ReadonlyMap<string, Heard> = new Map();
  #inFlight: ReadonlyMap<string, number> = new Map();
  #storeId: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #wasUp = false;
  #stopped = false;

  constructor(
    private readonly redis: RedisService,
    private readonly names: RedisNames,
    private readonly identity: PeerIdentity,
    private readonly time: RedisClock,
    private readonly clock: Clock,
  ) {
    this.#self = new LonePeers(identity, clock);
    this.#notices = new RedisNotices(redis, names, identity.instanceId, clock);
    redis.onChange(() => this.#tell());
    redis.subscriber.onSubscribed(() => void this.#notices.catchUp(false));
  }

  /** Resolves with the first verdict on Redis: joined, or away. */
  async start(): Promise<void> {
    this.redis.start();
    let stop = (): void => undefined;
    const verdict = new Promise<void>((resolve) => (stop = this.redis.onChange(resolve)));
    void this.#loop();
    await verdict;
    stop();
  }

  /** The others need not wait for this one to grow old. */
  async stop(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    const { instanceId } = this.identity;
    const { names } = this;
    await this.redis.ask((redis) => redis.eval(LEAVE, 2, names.peer(instanceId), names.peers, instanceId));
    this.redis.stop();
  }

  get link(): PeerLink {
    const foreignValues = this.redis.foreign.count;
    return { ...this.redis.link, storeId: this.#storeId, foreignValues };
  }

  list(): readonly Peer[] {
    return [this.#self.self(false), ...this.others()];
  }

  others(): readonly Peer[] {
    const now = this.clock.monotonic();
    return [...this.#others.values()]
      .map(({ told, at }) => ({ ...told, ageMs: Math.max(0, Math.round(now - at)), self: false }))
      .filter(({ ageMs }) => ageMs <= LIFE_MS);
  }

  /** Of all the others that live, as they last said. */
  inFlightElsewhere(resourceId: string): number {
    return this.#inFlight.get(resourceId) ?? 0;
  }

  describe(source: PeerSource): void {
    this.#self.describe(source);
  }

  post(notice: Notice): void {
    this.#notices.post(notice);
  }

  onNotice(topic: string, listener: (notice: ReceivedNotice) => void): () => void {
    return this.#notices.on(topic, listener);
  }

  async claim(name: string, ttlMs: number): Promise<boolean> {
    const key = this.names.claim(name);
    const { instanceId } = this.identity;
    // An answer in a box: null is what SET says to the second, and what a Redis that is away says to everybody.
    const said = await this.redis.ask(async (redis) => [
      await redis.set(key, instanceId, 'PX', Math.max(1, Math.round(ttlMs)), 'NX'),
    ]);
    return said === null || said[0] === 'OK';
  }

  onChange(listener: () => void): () => void {
    const own = (): void => listener();
    this.#changed.add(own);
    return () => void this.#changed.delete(own);
  }

  /** Called at each beat, with whether the others' counts have changed. */
  onBeat(listener: (changed: boolean) => void): void {
    this.#beaten.add(listener);
  }

  async #loop(): Promise<void> {
    await this.#beat();
    if (this.#stopped) return;
    const { status, error } = this.redis.link;
    const connecting = status === 'away' && error === null;
    const pause = connecting ? CONNECTING_MS : Math.max(BEAT_MS, this.#others.size * BEAT_MS_PER_PEER);
    this.#timer = setTimeout(() => void this.#loop(), pause).unref();
  }

  async #beat(): Promise<void> {
    const { self: _self, ageMs: _age, ...told } = this.#self.self(true);
    const { names } = this;
    const { instanceId } = told;
    const sentAt = this.clock.monotonic();
    const answer = await this.redis.probe((redis) =>
      redis.eval(
        BEAT,
        3,
        names.peer(instanceId),
        names.peers,
        names.store,
        instanceId,
        JSON.stringify(told),
        LIFE_MS,
        this.#storeId ?? randomUUID(),
        names.peerPrefix,
      ),
    );
    if (answer !== null) return this.#hear(answer as BeatAnswer, sentAt);
    this.#wasUp = false;
    this.#take(this.#others);
  }

  #hear([storeNow, storeId, fresh, bad, ...beats]: BeatAnswer, sentAt: number): void {
    const now = this.clock.monotonic();
    this.time.learn(storeNow, sentAt, now);
    // One that lost everything gets its identity back from whoever beats first: it is still the same meeting place.
    const lost = fresh === 1 || this.#storeId !== storeId || !this.#wasUp;
    this.#storeId = storeId;
    this.#wasUp = true;
    const others = new Map<string, Heard>();
    let foreign = bad;
    for (let i = 0; i + 2 < beats.length; i += 3) {
      const id = beats[i] ?? '';
      const told = readPeer(id, beats[i + 2] ?? '');
      if (told === null) foreign += 1;
      else others.set(id, { told, at: now - Math.max(0, storeNow - Number(beats[i + 1])) });
    }
    this.redis.foreign.add('beat', foreign);
    this.#take(others);
    if (lost) void this.#notices.catchUp(true);
  }

  /** Those that are too old go, whether Redis says so or only the time. */
  #take(heard: ReadonlyMap<string, Heard>): void {
    const now = this.clock.monotonic();
    const others = new Map([...heard].filter(([, { at }]) => now - at <= LIFE_MS));
    const before = this.#others;
    this.#others = others;
    const inFlight = new Map<string, number>();
    for (const { told } of others.values())
      for (const [id, n] of Object.entries(told.inFlight)) inFlight.set(id, (inFlight.get(id) ?? 0) + n);
    const changed = !sameCounts(this.#inFlight, inFlight);
    this.#inFlight = inFlight;
    if (before.size !== others.size || [...others.keys()].some((id) => !before.has(id))) this.#tell();
    for (const listener of this.#beaten) listener(changed);
  }

  #tell(): void {
    for (const listener of this.#changed) {
      try {
        listener();
      } catch {
        // A page that cannot be told must not keep this process from the others.
      }
    }
  }
}

function sameCounts(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): boolean {
  return a.size === b.size && [...a].every(([id, n]) => b.get(id) === n);
}

type BeatAnswer = readonly [
  storeNow: number,
  storeId: string,
  fresh: number,
  bad: number,
  ...beats: string[],
];
