/**
 * PORT peers: the other processes of this installation, replicas and workers. Reading is synchronous and from this
 * process's own memory; telling never blocks and never throws. Alone (no Redis) a process is its own only peer.
 */
export interface Peers {
  /** This process first, then every other one heard of within the time to live. */
  list(): readonly Peer[];
  /** The others alone: cheap, as nothing is asked of this process. */
  others(): readonly Peer[];
  /** Asked for what this process tells of itself; several sources are merged, the later one wins. */
  describe(source: PeerSource): void;

  /** Tells every other process at once; kept for `ttlMs` for those that come later, the last one of a topic and key. */
  post(notice: Notice): void;
  /**
   * Called for each notice of others, also for those kept from before this process, and again after a lost connection.
   * Returns the unsubscribe function.
   */
  onNotice(topic: string, listener: (notice: ReceivedNotice) => void): () => void;

  /** True for one process of all within `ttlMs`. When the others cannot be asked, true: twice is better than never. */
  claim(name: string, ttlMs: number): Promise<boolean>;

  readonly link: PeerLink;
  /** Called after each change of `link.status` and of the set of peers. Returns the unsubscribe function. */
  onChange(listener: () => void): () => void;
}

export const PEERS = Symbol('Peers');

export type PeerRole = 'api' | 'worker';

/** `telling`: the others are told, as at every beat; otherwise somebody here only looks. */
export type PeerSource = (telling: boolean) => Partial<PeerFacts>;

/** What a process says of itself with every beat. */
export interface PeerFacts {
  /** Exchanges open there, by resource id; those at 0 are left out. */
  readonly inFlight: Readonly<Record<string, number>>;
  /** Records spooled there and not yet in SQL. */
  readonly pending: number;
  /** Age of the oldest of them, ms; 0 = none wait. */
  readonly lagMs: number;
  /** Identity of the database it writes to; null while unknown. */
  readonly databaseId: string | null;
  /** It takes no new requests any more. */
  readonly draining: boolean;
  /** Of the client keys with limits a minute: requests and tokens there within the last one. Older versions say nothing. */
  readonly keyMinutes?: Readonly<Record<string, readonly [requests: number, tokens: number]>>;
  /** Of the client keys with a budget that were used there lately. Older versions say nothing. */
  readonly keySpent?: Readonly<Record<string, KeySpent>>;
  /** Batches a worker has written since it started. */
  readonly batches: number;
  /** It takes batches from the queue, idle or not. */
  readonly works: boolean;
}

/** Of one key in one process since its start: the UTC day it is about, what runs, what that day and its month took. */
export type KeySpent = readonly [
  day: number,
  heldTokens: number,
  heldCost: number,
  dayTokens: number,
  dayCost: number,
  monthTokens: number,
  monthCost: number,
];

export interface Peer extends PeerFacts {
  readonly instanceId: string;
  readonly role: PeerRole;
  readonly version: string;
  readonly host: string;
  readonly pid: number;
  /** How long it has been running, ms. */
  readonly uptimeMs: number;
  /** Since its last beat, ms; 0 for this process. */
  readonly ageMs: number;
  readonly self: boolean;
}

/** Something the others should know. `body` holds no secrets and no prompts: it lies in Redis as it is. */
export interface Notice {
  /** Dotted: `health.verdict`. */
  readonly topic: string;
  readonly key: string;
  readonly body: JsonObject;
  /** How long it matters, ms; at most 30 days. 0 = only to those who listen now. */
  readonly ttlMs: number;
}

export interface ReceivedNotice extends Notice {
  /** Instance id of the teller. */
  readonly from: string;
  /** What is left of the time it matters, ms, by the clock of the shared store. */
  readonly leftMs: number;
}

export type JsonObject = { readonly [name: string]: JsonValue };
export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;

export interface PeerLink {
  /** `alone`: no Redis is configured. `away`: it is, and does not answer or refuses writes; this process goes on alone. */
  readonly status: 'alone' | 'up' | 'away';
  /** Identity of the shared store; null = not known yet, or alone. */
  readonly storeId: string | null;
  /** Why it is away, for people; no secrets. */
  readonly error: string | null;
  /** Epoch ms. */
  readonly since: number;
  /** What is wrong with the store's settings though it answers, for people: an eviction policy that drops jobs. */
  readonly warnings: readonly string[];
  /** Values met in the store that were not of this program's making, and passed over. */
  readonly foreignValues: number;
}
