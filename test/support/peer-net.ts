import type { Clock } from '../../src/common/clock.js';
import type {
  JsonObject,
  Notice,
  Peer,
  PeerFacts,
  PeerLink,
  PeerRole,
  Peers,
  PeerSource,
  ReceivedNotice,
} from '../../src/state/peers.js';

interface Kept {
  readonly notice: Notice;
  readonly from: string;
  readonly endsAt: number;
}

/** Processes that hear each other at once: the port without a network, on a clock that moves when told to. */
export class PeerNet {
  readonly members: NetPeers[] = [];
  readonly kept = new Map<string, Kept>();
  readonly claims = new Map<string, number>();
  /** Everything posted, in order. */
  readonly posts: (Notice & { readonly from: string })[] = [];

  constructor(readonly clock: Clock) {}

  join(instanceId: string, role: PeerRole = 'api'): NetPeers {
    const peers = new NetPeers(this, instanceId, role);
    this.members.push(peers);
    for (const member of this.members) member.changed();
    return peers;
  }

  leave(peers: NetPeers): void {
    this.members.splice(this.members.indexOf(peers), 1);
    for (const member of this.members) member.changed();
  }
}

export class NetPeers implements Peers {
  readonly #listeners = new Map<string, Set<(notice: ReceivedNotice) => void>>();
  readonly #changes = new Set<() => void>();
  readonly #sources: PeerSource[] = [];
  link: PeerLink;
  version = '0.0.0';

  constructor(
    private readonly net: PeerNet,
    readonly instanceId: string,
    readonly role: PeerRole,
  ) {
    this.link = {
      status: 'up',
      storeId: 'store-1',
      error: null,
      since: net.clock.now(),
      warnings: [],
      foreignValues: 0,
    };
  }

  list(): readonly Peer[] {
    return [this.#self(true), ...this.others()];
  }

  others(): readonly Peer[] {
    if (this.link.status !== 'up') return [];
    const others = this.net.members.filter((one) => one !== this && one.link.status === 'up');
    return others.map((one) => one.#self(false));
  }

  #self(self: boolean): Peer {
    const facts: PeerFacts = Object.assign(
      { inFlight: {}, pending: 0, lagMs: 0, databaseId: null, draining: false, batches: 0, works: false },
      ...this.#sources.map((source) => source(!self)),
    ) as PeerFacts;
    const { instanceId, role, version } = this;
    return { ...facts, instanceId, role, version, host: 'host', pid: 1, uptimeMs: 0, ageMs: 0, self };
  }

  describe(source: PeerSource): void {
    this.#sources.push(source);
  }

  post(notice: Notice): void {
    if (this.link.status !== 'up') return;
    // What cannot be written as JSON must not get through here either.
    const body = JSON.parse(JSON.stringify(notice.body)) as JsonObject;
    const sent = { ...notice, body };
    this.net.posts.push({ ...sent, from: this.instanceId });
    if (notice.ttlMs > 0)
      this.net.kept.set(`${notice.topic} ${notice.key}`, {
        notice: sent,
        from: this.instanceId,
        endsAt: this.net.clock.monotonic() + notice.ttlMs,
      });
    for (const member of this.net.members)
      if (member !== this) member.hear({ ...sent, from: this.instanceId, leftMs: notice.ttlMs });
  }

  hear(notice: ReceivedNotice): void {
    if (this.link.status !== 'up') return;
    for (const listener of this.#listeners.get(notice.topic) ?? []) listener(notice);
  }

  onNotice(topic: string, listener: (notice: ReceivedNotice) => void): () => void {
    const listeners = this.#listeners.get(topic) ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    if (this.link.status === 'up') this.#replay(topic, listener);
    return () => void listeners.delete(listener);
  }

  #replay(topic: string, listener: (notice: ReceivedNotice) => void): void {
    const now = this.net.clock.monotonic();
    for (const { notice, from, endsAt } of this.net.kept.values())
      if (notice.topic === topic && from !== this.instanceId && endsAt > now)
        listener({ ...notice, from, leftMs: endsAt - now });
  }

  claim(name: string, ttlMs: number): Promise<boolean> {
    if (this.link.status !== 'up') return Promise.resolve(true);
    const now = this.net.clock.monotonic();
    if ((this.net.claims.get(name) ?? 0) > now) return Promise.resolve(false);
    this.net.claims.set(name, now + ttlMs);
    return Promise.resolve(true);
  }

  onChange(listener: () => void): () => void {
    this.#changes.add(listener);
    return () => void this.#changes.delete(listener);
  }

  changed(): void {
    for (const listener of this.#changes) listener();
  }

  /** Loses the others, or finds them again. */
  turn(status: PeerLink['status'], change: Partial<PeerLink> = {}): void {
    this.link = { ...this.link, status, since: this.net.clock.now(), ...change };
    this.changed();
    if (status !== 'up') return;
    for (const [topic, listeners] of this.#listeners)
      for (const listener of listeners) this.#replay(topic, listener);
  }
}
