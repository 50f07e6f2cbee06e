import { afterAll } from 'vitest';
import { postgres, stopPostgres } from './postgres.js';
import type { ProxyProcess } from './proxy-process.js';
import { TestRedis } from './redis.js';
import { startWorker } from './worker-process.js';

/** What `RPX_BACKEND` may say; `npm run release-check -- --backend=postgres` sets it. */
const KNOWN = ['sqlite', 'postgres'];
const chosen = process.env['RPX_BACKEND'] ?? 'sqlite';

/** Variables by which a test says itself where its proxy keeps what it knows. */
const OWN = ['PROXY_REDIS_URL', 'PROXY_DATABASE_URL', 'PROXY_SQLITE_URL'];

// One server for the databases of a file. What a failed test left in it ends with the file.
if (chosen === 'postgres') afterAll(stopPostgres);

/**
 * Where a proxy keeps records and live state: its own directory and memory as by default, or a database of its own on a
 * real Postgres, a real Redis, and the worker that a proxy with Redis leaves its records to.
 */
export class Backend {
  private constructor(
    readonly postgresUrl: string | null,
    private readonly redis: TestRedis | null,
    private readonly worker: ProxyProcess | null,
  ) {}

  static async start(env: Readonly<Record<string, string | undefined>> = {}): Promise<Backend> {
    if (!KNOWN.includes(chosen)) throw new Error(`RPX_BACKEND is ${chosen}; known are ${KNOWN.join(', ')}`);
    if (chosen === 'sqlite' || OWN.some((name) => env[name] !== undefined))
      return new Backend(null, null, null);
    const binary = TestRedis.binary();
    if (binary === null) throw new Error('RPX_BACKEND=postgres needs redis-server or valkey-server');
    const postgresUrl = await (await postgres()).createDatabase();
    const redis = await TestRedis.start(binary);
    const worker = await startWorker({ redisUrl: redis.url, postgresUrl });
    return new Backend(postgresUrl, redis, worker);
  }

  /** For the proxy. */
  get env(): Readonly<Record<string, string>> {
    if (this.postgresUrl === null || this.redis === null) return {};
    return { PROXY_DATABASE_URL: this.postgresUrl, PROXY_REDIS_URL: this.redis.url };
  }

  /** When the proxy is gone. */
  async stop(): Promise<void> {
    await this.worker?.dispose();
    await this.redis?.stop();
  }
}
