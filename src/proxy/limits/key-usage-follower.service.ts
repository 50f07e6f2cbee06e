import { Inject, Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import { CLOCK, LOGGER } from '../../common/tokens.js';
import { DatabaseService } from '../../infra/database/database.service.js';
import { RegistryRepository } from '../../registry/registry.repository.js';
import { PEERS, type Peers } from '../../state/peers.js';
import { KeyUsageReadModel } from '../../usage/key-usage.read-model.js';
import { KeyLimits } from './key-limits.js';

/** How old what this process knows of the others' use may be, beside the time records take to SQL. */
const FOLLOW_MS = 2_000;
const NOTE_MS = 60_000;

/** Between the limits of keys and SQL: brings what other processes have served, and notes when keys were last used. */
@Injectable()
export class KeyUsageFollower implements BeforeApplicationShutdown {
  #timer: NodeJS.Timeout | null = null;
  #running = false;
  #again = false;
  #unsubscribe: (() => void) | null = null;
  #notedAt = 0;

  constructor(
    private readonly limits: KeyLimits,
    private readonly history: KeyUsageReadModel,
    private readonly registry: RegistryRepository,
    private readonly database: DatabaseService,
    @Inject(PEERS) private readonly peers: Peers,
    @Inject(CLOCK) private readonly clock: Clock,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Resolves after the first look; at once while SQL is away. */
  async start(): Promise<void> {
    await this.#follow();
    this.#timer ??= setInterval(() => void this.#follow(), FOLLOW_MS).unref();
    // Of one that has just joined nothing it tells counts until its records are read apart.
    this.#unsubscribe ??= this.peers.onChange(() => void this.#follow());
  }

  beforeApplicationShutdown(): void {
    if (this.#timer !== null) clearInterval(this.#timer);
    this.#timer = null;
    this.#unsubscribe?.();
    this.#unsubscribe = null;
  }

  async #follow(): Promise<void> {
    this.#again = this.#running;
    if (this.#running || !this.database.ready) return;
    this.#running = true;
    const now = this.clock.now();
    try {
      const apart = this.peers.others().map(({ instanceId }) => instanceId);
      this.limits.follow(await this.history.elsewhere(now, apart), apart);
      if (now - this.#notedAt >= NOTE_MS) await this.#note(now);
    } catch (e: unknown) {
      if (this.database.ready)
        this.logger.warn(
          { event: 'key_usage.stale', err: e },
          'the use of client keys could not be read or noted',
        );
    } finally {
      this.#running = false;
    }
    if (this.#again) await this.#follow();
  }

  async #note(now: number): Promise<void> {
    const used = this.limits.usedSince(this.#notedAt);
    if (used.length === 0) return;
    await this.registry.noteUse(used);
    this.#notedAt = now;
  }
}
