import { afterEach, expect, it } from 'vitest';
import { tempDir } from '../support/database.js';
import { percentile } from '../support/fleet-traffic.js';
import { Fleet } from '../support/fleet.js';
import { freePort } from '../support/free-port.js';
import { redisCommand } from '../support/redis-commands.js';
import { TestRedis } from '../support/redis.js';
import { describeWith } from '../support/skip.js';
import { until } from '../support/until.js';

/** Streams open in all when one of two replicas dies; 200 is the full size. */
const STREAMS = Number(process.env['RPX_REDIS_STREAMS'] ?? 40);
/** Requests over three replicas and four keys; 1200 is the full size. */
const SPREAD = Number(process.env['RPX_REDIS_SPREAD'] ?? 240);
const binary = TestRedis.binary() ?? '';

describeWith(binary !== '', 'a Redis server')('a fleet on one Redis', () => {
  let fleet: Fleet;
  let redis: TestRedis | null = null;
  let directory: ReturnType<typeof tempDir> | null = null;
  afterEach(async () => {
    await fleet.stop();
    directory?.remove();
    directory = null;
    await redis?.stop();
    redis = null;
  });

  const inFlight = async (replica: number): Promise<number> => {
    const state = await fleet.proxies[replica]?.state();
    return (state?.resources ?? []).reduce((sum, one) => sum + Number(one['in_flight']), 0);
  };

  it('starts without Redis and joins when it appears', async () => {
    const port = await freePort();
    fleet = await Fleet.start({ replicas: 2, redisUrl: `redis://127.0.0.1:${port}` });
    expect(await fleet.links()).toBe('200 away');
    expect((await fleet.make(0)).status).toBe(200);
    redis = await TestRedis.start(binary, [], port);
    const joinedMs = await fleet.all('up', 10_000);
    console.log('Redis appears after the start', JSON.stringify({ joinedMs }));
    expect(await fleet.follow(1, await fleet.make(0))).toBe('200 200 same key');
  }, 60_000);

  it('sends requests to a provider on one replica moments after it was saved on the other, and no more once it is gone', async () => {
    directory = tempDir();
    redis = await TestRedis.start(binary);
    fleet = await Fleet.start({
      replicas: 2,
      redisUrl: redis.url,
      env: {
        PROXY_SQLITE_URL: `sqlite:///${directory.path}/shared.sqlite3`,
        PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.0/8',
        NEW_PROVIDER_KEY: 'sk-test-f0',
      },
    });
    await fleet.all('up');
    const [here] = fleet.proxies;
    const [, there] = fleet.clients;
    const served = async (id: string): Promise<boolean> => {
      const seen = await there?.send({ headers: { 'x-proxy-pool-id': id }, body: {} });
      return seen?.status === 200;
    };
    const joined: number[] = [];
    for (const id of ['new-1', 'new-2', 'new-3']) {
      const body = {
        id,
        name: id,
        base_url: fleet.upstream.baseUrl,
        pool_id: id,
        credential_ref: 'env:NEW_PROVIDER_KEY',
      };
      const init = {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      };
      const startedAt = performance.now();
      expect((await fetch(`${here?.url}/admin/providers`, init)).status).toBe(201);
      await until(() => served(id), Boolean, { everyMs: 10, timeoutMs: 10_000 });
      joined.push(Math.round(performance.now() - startedAt));
    }
    const startedAt = performance.now();
    await fetch(`${here?.url}/admin/providers/new-1`, { method: 'DELETE' });
    await until(
      () => served('new-1'),
      (still) => !still,
      { everyMs: 10, timeoutMs: 10_000 },
    );
    const leftMs = Math.round(performance.now() - startedAt);
    console.log(
      'a provider, saved on one replica, until the other',
      JSON.stringify({ servesMs: joined, leavesMs: leftMs }),
    );
    expect(Math.max(...joined, leftMs)).toBeLessThan(5_000);
  }, 60_000);

  it('names a wrong password without telling it, and goes on alone', async () => {
    redis = await TestRedis.start(binary);
    await redisCommand(redis.port, 'CONFIG SET requirepass right-one');
    fleet = await Fleet.start({ replicas: 1, redisUrl: `redis://:hunter2hunter2@127.0.0.1:${redis.port}` });
    expect((await fleet.make(0)).status).toBe(200);
    const [proxy] = fleet.proxies;
    const lines = await until(
      () => proxy?.logs.filter(({ event }) => event === 'redis.away') ?? [],
      (found) => found.some(({ error }) => /WRONGPASS/.test(String(error))),
    );
    expect(lines.length).toBeLessThanOrEqual(3);
    expect(await fleet.links()).toBe('200 away');
    expect(proxy?.output).not.toContain('hunter2hunter2');
  }, 60_000);

  it('forgets what a killed replica had open, and nobody else loses a stream', async () => {
    redis = await TestRedis.start(binary);
    fleet = await Fleet.start({ replicas: 2, redisUrl: redis.url });
    await fleet.all('up');
    const open = fleet.clients.map((client) =>
      Array.from({ length: STREAMS / 2 }, () =>
        client.send({ body: { stream: true, model: 'plan:paced,n=75,interval=200' } }),
      ),
    );
    await until(
      () => inFlight(1),
      (n) => n === STREAMS,
      { what: 'both replicas’ streams seen' },
    );
    await fleet.proxies[0]?.kill9();
    const killedAt = performance.now();
    await until(
      () => inFlight(1),
      (n) => n === STREAMS / 2,
      { timeoutMs: 15_000, what: 'the dead one’s streams gone' },
    );
    const goneMs = Math.round(performance.now() - killedAt);
    const survivors = await Promise.all(open[1] ?? []);
    await Promise.all(open[0] ?? []);
    console.log('in-flight of a killed replica', JSON.stringify({ streams: STREAMS, goneMs }));
    expect(survivors.filter(({ acknowledged, status }) => !acknowledged || status !== 200)).toEqual([]);
    await until(
      () => inFlight(1),
      (n) => n === 0,
    );
  }, 60_000);

  it('spreads load over all keys as one proxy would', async () => {
    redis = await TestRedis.start(binary);
    fleet = await Fleet.start({ replicas: 3, keys: 4, redisUrl: redis.url });
    await fleet.all('up');
    const uneven: number[] = [];
    const running = new AbortController();
    const watch = (async () => {
      while (!running.signal.aborted) {
        const state = await fleet.proxies[0]?.state();
        const counts = (state?.resources ?? []).map((one) => Number(one['in_flight']));
        if (counts.every((n) => n > 0)) uneven.push(Math.max(...counts) - Math.min(...counts));
      }
    })();
    await Promise.all(
      fleet.clients.map((client) =>
        client.run(SPREAD / 3, 8, (n) => ({ body: { model: `fault:slow,ms=${150 + ((n * 37) % 200)}` } })),
      ),
    );
    running.abort();
    await watch;
    const perKey = new Map<string, number>();
    for (const { key } of fleet.upstream.ledger.creates)
      perKey.set(key ?? '', (perKey.get(key ?? '') ?? 0) + 1);
    const ideal = SPREAD / 4;
    const shares = [...perKey.values()].map((n) => n / ideal);
    uneven.sort((a, b) => a - b);
    const difference = { median: percentile(uneven, 0.5), p95: percentile(uneven, 0.95) };
    console.log('spread over 3 replicas and 4 keys', JSON.stringify({ ideal, shares, difference }));
    expect(shares).toHaveLength(4);
    expect(Math.max(...shares)).toBeLessThan(1.25);
    expect(Math.min(...shares)).toBeGreaterThan(0.75);
  }, 60_000);
});
