import {
  type BeforeApplicationShutdown,
  Inject,
  Injectable,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { DrainState } from '../common/drain-state.js';
import { CLOCK } from '../common/tokens.js';
import { PEERS, type Peers } from '../state/peers.js';
import { ProcessBeats, UNKNOWN_STORE, type ProcessBeat } from './process-beats.js';
import type { ProcessRow } from './process-row.entity.js';
import { ProcessRepository } from './process.repository.js';

const BEAT_MS = 10_000;
/** Two beats may be lost on the way. */
const LIFE_MS = 3.5 * BEAT_MS;

/** Writes this process into the database now and then, and learns from it who else does and which database it is. */
@Injectable()
export class ProcessPresence implements OnApplicationBootstrap, BeforeApplicationShutdown {
  readonly #beats = new ProcessBeats(LIFE_MS);
  readonly #startedAt: number;
  #databaseId: string | null = null;
  #timer: NodeJS.Timeout | null = null;
  #turn: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(PEERS) private readonly peers: Peers,
    private readonly repository: ProcessRepository,
    drain: DrainState,
  ) {
    this.#startedAt = clock.now();
    this.peers.describe(() => ({ databaseId: this.#databaseId, draining: drain.draining }));
  }

  /** Null until the database has been seen. */
  get databaseId(): string | null {
    return this.#databaseId;
  }

  /** The other processes on this database that live. */
  others(): ProcessBeat[] {
    return this.#beats.alive(this.clock.monotonic());
  }

  onApplicationBootstrap(): void {
    this.repository.onReady(() => void this.beat());
    void this.beat();
  }

  /** The database is closed after this. */
  async beforeApplicationShutdown(): Promise<void> {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#turn;
  }

  /** Now, and then every so often. Never rejects. */
  beat(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#turn = this.#turn.then(() => this.#beat());
    return this.#turn;
  }

  async #beat(): Promise<void> {
    if (this.#stopped) return;
    try {
      if (this.repository.ready) {
        this.#databaseId = await this.repository.databaseId();
        const row = this.#row();
        const rows = row === null ? [] : await this.repository.beat(row);
        this.#beats.learn(rows.map(toBeat), this.clock.monotonic());
      }
    } catch {
      // The database's state is told by whoever minds it; the next beat tries again.
    }
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = this.#stopped ? null : setTimeout(() => void this.beat(), BEAT_MS).unref();
  }

  #row(): ProcessRow | null {
    const self = this.peers.list().find((peer) => peer.self);
    if (self === undefined) return null;
    const { status, storeId } = this.peers.link;
    return {
      instanceId: self.instanceId,
      role: self.role,
      version: self.version,
      host: self.host,
      startedAt: this.#startedAt,
      seenAt: this.clock.now(),
      storeId: status === 'alone' ? null : (storeId ?? UNKNOWN_STORE),
    };
  }
}

function toBeat({ instanceId, role, host, storeId, seenAt }: ProcessRow): ProcessBeat {
  return { instanceId, role: role === 'worker' ? 'worker' : 'api', host, storeId, seenAt };
}
