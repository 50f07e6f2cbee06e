import { Backend } from './backend.js';
import { FakeUpstream } from './fake-upstream.js';
import type { FakeUpstreamOptions } from './fake-upstream.js';
import { History } from './history.js';
import { LoadClient } from './load-client.js';
import { ProxyProcess } from './proxy-process.js';
import type { UpstreamKey } from './upstream-accounts.js';

export interface RigOptions {
  readonly keys?: readonly UpstreamKey[];
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly upstream?: Partial<FakeUpstreamOptions>;
  readonly postgresUrl?: string;
  readonly nodeFlags?: readonly string[];
}

export const key = (name: string, organization = `org-of-${name}`): UpstreamKey => ({
  key: `sk-test-${name}`,
  organization,
});

/** A fake upstream, the real proxy in front of it, a client with a ledger, and the proxy's SQL: of the `Backend` unless the test has its own. */
export class Rig {
  private constructor(
    readonly keys: readonly UpstreamKey[],
    readonly upstream: FakeUpstream,
    readonly proxy: ProxyProcess,
    readonly client: LoadClient,
    readonly history: History,
    private readonly backend: Backend,
  ) {}

  static async start(options: RigOptions = {}): Promise<Rig> {
    const keys = options.keys ?? [key('1'), key('2')];
    const upstream = await FakeUpstream.start({ keys, ...options.upstream });
    const own = {
      ...(options.postgresUrl ? { PROXY_DATABASE_URL: options.postgresUrl } : {}),
      ...options.env,
    };
    const backend = await Backend.start(own);
    const proxy = await ProxyProcess.start({
      upstream,
      keys: keys.map((k) => k.key),
      env: { ...backend.env, ...own },
      nodeFlags: options.nodeFlags,
    });
    return new Rig(
      keys,
      upstream,
      proxy,
      new LoadClient(proxy.url),
      new History(proxy, options.postgresUrl ?? backend.postgresUrl),
      backend,
    );
  }

  /** `count` pools (`p0`, `p1`, …) of `size` keys each: a test that spoils its keys touches nobody else's. */
  static pooled(count: number, size: number, options: RigOptions = {}): Promise<Rig> {
    const places = Array.from({ length: count * size }, (_, i) => ({
      pool: `p${Math.floor(i / size)}`,
      n: i % size,
    }));
    return Rig.start({
      ...options,
      keys: places.map(({ pool, n }) => key(`${pool}-${n}`)),
      env: { OPENAI_RESOURCE_POOL_IDS: places.map((p) => p.pool).join(','), ...options.env },
    });
  }

  /** Keys of one pool, as made by `pooled`. */
  keysOf(pool: string): string[] {
    return this.keys.map((k) => k.key).filter((k) => k.startsWith(`sk-test-${pool}-`));
  }

  async stop(): Promise<void> {
    this.client.close();
    await this.proxy.dispose();
    await this.backend.stop();
    await this.upstream.stop();
  }
}

export const inPool = (pool: string): Record<string, string> => ({ 'x-proxy-pool-id': pool });
