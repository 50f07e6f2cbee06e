import { FakeUpstream } from './fake-upstream.js';
import { LoadClient } from './load-client.js';
import type { LoadEntry } from './load-client.js';
import { ProxyProcess } from './proxy-process.js';
import { key } from './rig.js';
import { until } from './until.js';

export interface FleetOptions {
  readonly replicas: number;
  readonly keys?: number;
  readonly redisUrl: string;
  readonly postgresUrl?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Several proxies on one Redis in front of one upstream, where a response can be continued by the key that made it only. */
export class Fleet {
  private constructor(
    readonly upstream: FakeUpstream,
    readonly proxies: readonly ProxyProcess[],
    readonly clients: readonly LoadClient[],
  ) {}

  static async start({ replicas, keys = 4, redisUrl, postgresUrl, env }: FleetOptions): Promise<Fleet> {
    const all = Array.from({ length: keys }, (_, i) => key(`f${i}`));
    const upstream = await FakeUpstream.start({ keys: all, ownership: 'key' });
    const proxies: ProxyProcess[] = [];
    for (let n = 0; n < replicas; n += 1)
      proxies.push(
        await ProxyProcess.start({
          upstream,
          keys: all.map((k) => k.key),
          env: {
            PROXY_REDIS_URL: redisUrl,
            PROXY_IN_PROCESS_WORKER: 'on',
            ...(postgresUrl === undefined ? {} : { PROXY_DATABASE_URL: postgresUrl }),
            ...env,
          },
        }),
      );
    return new Fleet(
      upstream,
      proxies,
      proxies.map((proxy) => new LoadClient(proxy.url)),
    );
  }

  async stop(): Promise<void> {
    for (const client of this.clients) client.close();
    await Promise.all(this.proxies.map((proxy) => proxy.dispose()));
    await this.upstream.stop();
  }

  /** What each replica says of Redis in `/readyz`, joined. */
  async links(): Promise<string> {
    const says = this.proxies.map(async (proxy) => {
      const answer = await fetch(`${proxy.url}/readyz`);
      const { details } = (await answer.json()) as { details: { redis?: { degraded: boolean } } };
      return `${answer.status} ${details.redis?.degraded === false ? 'up' : 'away'}`;
    });
    return [...new Set(await Promise.all(says))].join(', ');
  }

  /** Milliseconds until every replica says so. */
  async all(link: 'up' | 'away', timeoutMs = 10_000): Promise<number> {
    const startedAt = performance.now();
    await until(
      () => this.links(),
      (links) => links === `200 ${link}`,
      { timeoutMs, what: `every replica ${link}` },
    );
    return Math.round(performance.now() - startedAt);
  }

  /** A response made through one replica, to be continued through another. */
  make(replica: number): Promise<LoadEntry> {
    return this.#client(replica).send({ body: {} });
  }

  /** How continuing it went, and whether the key that made it served that, too. */
  async follow(replica: number, made: LoadEntry): Promise<string> {
    const next = await this.#client(replica).send({ body: { previous_response_id: made.responseId } });
    const keyOf = (id: string | null): string | null | undefined =>
      this.upstream.ledger.creates.find(({ responseId }) => responseId === id)?.key;
    const same = keyOf(made.responseId) === keyOf(next.responseId);
    return `${made.status} ${next.status} ${same ? 'same key' : 'other key'}`;
  }

  #client(n: number): LoadClient {
    const client = this.clients[n];
    if (client === undefined) throw new Error(`there is no replica ${n}`);
    return client;
  }
}
