import { hostname } from 'node:os';
import type { Clock } from '../common/clock.js';
import type {
  Notice,
  Peer,
  PeerFacts,
  PeerLink,
  PeerRole,
  Peers,
  PeerSource,
  ReceivedNotice,
} from './peers.js';

export interface PeerIdentity {
  readonly instanceId: string;
  readonly role: PeerRole;
  readonly version: string;
}

const NOTHING: PeerFacts = {
  inFlight: {},
  pending: 0,
  lagMs: 0,
  databaseId: null,
  draining: false,
  batches: 0,
  works: false,
};

/** A process that shares nothing: nobody to tell, nobody to hear from, every claim is its own. */
export class LonePeers implements Peers {
  readonly link: PeerLink;
  readonly #sources: PeerSource[] = [];
  readonly #startedAt: number;

  constructor(
    private readonly identity: PeerIdentity,
    private readonly clock: Clock,
  ) {
    this.#startedAt = clock.monotonic();
    this.link = {
      status: 'alone',
      storeId: null,
      error: null,
      since: clock.now(),
      warnings: [],
      foreignValues: 0,
    };
  }

  list(): readonly Peer[] {
    return [this.self(false)];
  }

  others(): readonly Peer[] {
    return [];
  }

  /** This process as it tells of itself. */
  self(telling: boolean): Peer {
    const facts: PeerFacts = Object.assign(
      {},
      NOTHING,
      ...this.#sources.map((source) => source(telling)),
    ) as PeerFacts;
    return {
      ...facts,
      ...this.identity,
      host: hostname(),
      pid: process.pid,
      uptimeMs: this.clock.monotonic() - this.#startedAt,
      ageMs: 0,
      self: true,
    };
  }

  describe(source: PeerSource): void {
    this.#sources.push(source);
  }

  post(_notice: Notice): void {}

  onNotice(_topic: string, _listener: (notice: ReceivedNotice) => void): () => void {
    return () => undefined;
  }

  claim(_name: string, _ttlMs: number): Promise<boolean> {
    return Promise.resolve(true);
  }

  onChange(_listener: () => void): () => void {
    return () => undefined;
  }
}
