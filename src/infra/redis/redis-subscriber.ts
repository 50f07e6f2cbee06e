import type { Redis } from 'ioredis';

/** Well below the time after which a silent connection is given up: one that only listens would never notice. */
const PING_MS = 2_000;
const AGAIN_MS = 1_000;

/** The connection that listens. Subscribes afresh after each loss, and says so: what was said meanwhile was missed. */
export class RedisSubscriber {
  readonly #channels = new Map<string, (message: string) => void>();
  readonly #again = new Set<() => void>();
  #ping: NodeJS.Timeout | null = null;

  constructor(private readonly connection: Redis) {
    // Its twin tells why; this one only keeps trying.
    connection.on('error', () => undefined);
    connection.on('message', (channel, message) => this.#channels.get(channel)?.(message));
    connection.on('ready', () => void this.#subscribe());
  }

  start(): void {
    this.connection.connect().catch(() => undefined);
    this.#ping = setInterval(() => {
      if (this.connection.status === 'ready') this.connection.ping().catch(() => undefined);
    }, PING_MS).unref();
  }

  stop(): void {
    if (this.#ping !== null) clearInterval(this.#ping);
    this.connection.disconnect();
  }

  /** Before `start`. */
  on(channel: string, listener: (message: string) => void): void {
    this.#channels.set(channel, listener);
  }

  /** Called whenever it has begun to listen, the first time too. */
  onSubscribed(listener: () => void): void {
    this.#again.add(listener);
  }

  async #subscribe(): Promise<void> {
    try {
      await this.connection.subscribe(...this.#channels.keys());
    } catch {
      // Refused; or gone, and then the next connection asks as well.
      setTimeout(() => {
        if (this.connection.status === 'ready') void this.#subscribe();
      }, AGAIN_MS).unref();
      return;
    }
    for (const listener of this.#again) listener();
  }
}
