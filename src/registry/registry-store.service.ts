import { setTimeout as after } from 'node:timers/promises';
import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Logger } from '../common/logger.js';
import type { Clock } from '../common/clock.js';
import { CLOCK, LOGGER } from '../common/tokens.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { PEERS, type Peers } from '../state/peers.js';
import { RegistryRepository, type RegistryRows } from './registry.repository.js';

const TOPIC = 'registry.changed';
/** How often SQL is asked whether somebody changed something: what a notice that got lost, or no Redis, costs. */
const POLL_MS = 3_000;

/** Whoever waits for a look is not to wait longer; and however many wait, SQL has this long a rest between two. */
const LOOK_MS = 2_000;
const LOOK_REST_MS = 100;

const EMPTY: RegistryRows = { revision: '', providers: [], models: [], clientKeys: [] };

/**
 * The registry as this process knows it: read whole, replaced whole, and kept while SQL is away. A change made here is
 * in force when its request is answered, on other replicas within milliseconds through Redis, and without it within
 * `POLL_MS`.
 */
@Injectable()
export class RegistryStore implements BeforeApplicationShutdown {
  #rows = EMPTY;
  #loaded = false;
  /** Monotonic ms. */
  #seenAt = -Infinity;
  #timer: NodeJS.Timeout | null = null;
  #following = false;
  /** Not begun yet: who asks now still gets what it brings. */
  #nextLook: Promise<boolean> | null = null;
  #lastLook: Promise<unknown> = Promise.resolve();
  #turn: Promise<void> = Promise.resolve();
  readonly #listeners = new Set<(rows: RegistryRows) => void>();

  constructor(
    private readonly repository: RegistryRepository,
    private readonly database: DatabaseService,
    @Inject(PEERS) private readonly peers: Peers,
    @Inject(LOGGER) private readonly logger: Logger,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  get rows(): RegistryRows {
    return this.#rows;
  }

  /** False until SQL has been read once: nobody knows yet which client keys there are. */
  get loaded(): boolean {
    return this.#loaded;
  }

  /** How long SQL has not said that this is all, ms. */
  get ageMs(): number {
    return this.clock.monotonic() - this.#seenAt;
  }

  /** Reads once and keeps following; resolves after the first reading, or at once while SQL is away. */
  async start(): Promise<void> {
    this.peers.onNotice(TOPIC, () => void this.#follow());
    this.database.onReady(() => void this.#follow());
    if (this.database.ready) await this.#follow();
    this.#timer ??= setInterval(() => void this.#follow(), POLL_MS).unref();
  }

  beforeApplicationShutdown(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
  }

  /** Called with the whole registry after each change. Returns the unsubscribe function. */
  subscribe(listener: (rows: RegistryRows) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** After a change made here: in force when it resolves, and told to the others. */
  async changed(): Promise<void> {
    await this.#inTurn(() => this.#read());
    this.peers.post({ topic: TOPIC, key: 'all', body: { revision: this.#rows.revision }, ttlMs: 0 });
  }

  /**
   * Takes in what is new, for somebody who asks for what is not here: by a look that begins after the call, as an earlier
   * one, of another caller, may have missed it. True = SQL has answered; false = it could not be asked.
   */
  refreshed(): Promise<boolean> {
    this.#nextLook ??= this.#lookNext();
    return Promise.race([this.#nextLook, after(LOOK_MS, false, { ref: false })]);
  }

  async #lookNext(): Promise<boolean> {
    await this.#lastLook;
    this.#nextLook = null;
    const look = this.#lookNow();
    this.#lastLook = look.then(() => after(LOOK_REST_MS, null, { ref: false }));
    return look;
  }

  async #lookNow(): Promise<boolean> {
    if (!this.database.ready) return false;
    try {
      await this.#inTurn(() => this.#readIfNew());
      return true;
    } catch {
      // Whoever asks is told so; the poll says why in the log.
      return false;
    }
  }

  async #follow(): Promise<void> {
    if (this.#following || !this.database.ready) return;
    this.#following = true;
    try {
      await this.#inTurn(() => this.#readIfNew());
    } catch (e: unknown) {
      if (this.database.ready)
        this.logger.warn({ event: 'registry.stale', err: e }, 'the registry could not be read');
    } finally {
      this.#following = false;
    }
  }

  /** One reading at a time: an older one must not end after a newer one and undo it. */
  #inTurn(work: () => Promise<void>): Promise<void> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined); // the caller hears of it; the next reader must not
    return turn;
  }

  async #readIfNew(): Promise<void> {
    const askedAt = this.clock.monotonic();
    if (this.#loaded && (await this.repository.revision()) === this.#rows.revision) this.#seenAt = askedAt;
    else await this.#read();
  }

  async #read(): Promise<void> {
    const askedAt = this.clock.monotonic();
    const rows = await this.repository.load();
    this.#rows = rows;
    this.#seenAt = askedAt;
    this.#loaded = true;
    for (const listener of this.#listeners) listener(rows);
  }
}
