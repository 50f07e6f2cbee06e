import { Redis } from 'ioredis';
import type { Clock } from '../../common/clock.js';
import type { Logger } from '../../common/logger.js';
import type { Secret } from '../../common/secret.js';
import { awayReason } from './away-reason.js';
import { bounded } from './bounded.js';
import { Breaker } from './breaker.js';
import { ForeignValues } from './foreign-values.js';
import { redisAddress, redisOptions } from './redis-options.js';
import { RedisSubscriber } from './redis-subscriber.js';
import { serverWarnings } from './server-warnings.js';

/** Most that a request may lose to Redis, once per outage. */
const COMMAND_MS = 100;
/** A connection on which nothing comes back for this long is given up. */
const SILENCE_MS = 5_000;
const INFO_EVERY_MS = 60_000;
/** Between two lines about other reasons of the same outage. */
const REASON_LINE_MS = 2_000;

export interface RedisLink {
  readonly status: 'up' | 'away';
  /** Why it is away; null = up, or not tried yet. */
  readonly error: string | null;
  /** Epoch ms. */
  readonly since: number;
  readonly warnings: readonly string[];
}

/**
 * The connection for commands, and whether it is of any use. A server that does not answer in time, or takes no writes,
 * is away; finding out that it is back is the business of `probe`, never of a request.
 */
export class RedisService {
  readonly subscriber: RedisSubscriber;
  readonly foreign: ForeignValues;
  readonly #commands: Redis;
  readonly #breaker = new Breaker();
  readonly #listeners = new Set<() => void>();
  readonly #address: string;
  #link: RedisLink;
  #connectionError: string | null = null;
  #loggedReason: string | null = null;
  #loggedAt = -Infinity;
  #info: NodeJS.Timeout | null = null;
  #stopped = false;

  constructor(
    url: Secret,
    name: string,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {
    const options = {
      ...redisOptions(url),
      connectionName: name,
      disableClientInfo: true,
      lazyConnect: true,
      // Nothing waits for a connection, and nothing is sent twice.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      // The probe finds out, and says so.
      enableReadyCheck: false,
      socketTimeout: SILENCE_MS,
    };
    this.#address = redisAddress(url);
    this.foreign = new ForeignValues(clock, logger, this.#address);
    this.#commands = new Redis(options);
    this.#commands.on('error', (error) => (this.#connectionError = awayReason(error)));
    this.#commands.on('ready', () => (this.#connectionError = null));
    this.subscriber = new RedisSubscriber(new Redis({ ...options, autoResubscribe: false }));
    this.#link = { status: 'away', error: null, since: clock.now(), warnings: [] };
  }

  get link(): RedisLink {
    return this.#link;
  }

  get up(): boolean {
    return this.#link.status === 'up';
  }

  start(): void {
    this.#commands.connect().catch(() => undefined);
    this.subscriber.start();
    this.#info = setInterval(() => void this.#look(), INFO_EVERY_MS).unref();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#info !== null) clearInterval(this.#info);
    this.subscriber.stop();
    this.#commands.disconnect();
  }

  /** Called after each change of `link`. Returns the unsubscribe function. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** On behalf of a request: null at once while Redis is away, null when it turns out to be. Never rejects. */
  async ask<T>(command: (redis: Redis) => Promise<T>): Promise<T | null> {
    return this.up ? this.#run(command) : null;
  }

  /** For the one that keeps trying: also while Redis is away, as often as the breaker lets it. Never rejects. */
  async probe<T>(command: (redis: Redis) => Promise<T>): Promise<T | null> {
    if (this.#commands.status !== 'ready') {
      this.#unconnected();
      return null;
    }
    return this.#breaker.mayTry(this.clock.monotonic()) ? this.#run(command) : null;
  }

  async #run<T>(command: (redis: Redis) => Promise<T>): Promise<T | null> {
    try {
      const answer = await bounded(command(this.#commands), COMMAND_MS);
      this.#breaker.pass(this.clock.monotonic());
      this.#becomes('up', null);
      return answer;
    } catch (error: unknown) {
      this.#failed(error);
      return null;
    }
  }

  #failed(error: unknown): void {
    this.#breaker.trip(this.clock.monotonic());
    const reason = awayReason(error);
    this.#becomes('away', this.#connectionError ?? reason);
    // After a failover the name may lead to another server.
    if (/READONLY/.test(reason)) this.#commands.disconnect(true);
  }

  #unconnected(): void {
    if (this.up) this.#breaker.trip(this.clock.monotonic());
    // Before the first verdict there is nothing to tell.
    if (this.#connectionError === null && this.#link.error === null && !this.up) return;
    this.#becomes('away', this.#connectionError ?? this.#link.error ?? 'the connection is closed');
  }

  #becomes(status: RedisLink['status'], error: string | null): void {
    if (this.#stopped) return;
    const { status: before, error: reason, since } = this.#link;
    const first = status === 'away' && reason === null;
    const changed = status !== before || first;
    if (changed || error !== reason)
      this.#link = { ...this.#link, status, error, since: status === before ? since : this.clock.now() };
    this.#log(changed);
    if (!changed) return;
    if (status === 'up') void this.#look();
    for (const listener of this.#listeners) listener();
  }

  /** One line for each change of state; for another reason of the same outage one now and then. */
  #log(changed: boolean): void {
    const { status, error } = this.#link;
    const now = this.clock.monotonic();
    if (!changed && (error === this.#loggedReason || now - this.#loggedAt < REASON_LINE_MS)) return;
    this.#loggedReason = error;
    this.#loggedAt = now;
    const redis = this.#address;
    if (status === 'up') this.logger.info({ event: 'redis.up', redis }, 'joined the others through Redis');
    else
      this.logger.warn(
        { event: 'redis.away', redis, error },
        `Redis is away: ${error ?? 'not connected'}; this process goes on alone`,
      );
  }

  async #look(): Promise<void> {
    if (!this.up) return;
    let warnings: string[];
    try {
      warnings = serverWarnings(await bounded(this.#commands.info(), COMMAND_MS));
    } catch {
      return; // not allowed to, or gone again: a warning is not worth an outage
    }
    const news = warnings.filter((warning) => !this.#link.warnings.includes(warning));
    for (const warning of news)
      this.logger.warn({ event: 'redis.warning', redis: this.#address }, `Redis: ${warning}`);
    this.#link = { ...this.#link, warnings };
  }
}
