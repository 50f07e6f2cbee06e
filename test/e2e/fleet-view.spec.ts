import { afterAll, beforeAll, expect, it } from 'vitest';
import { freePort } from '../support/free-port.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { LoadClient } from '../support/load-client.js';
import { postgres, stopPostgres } from '../support/postgres.js';
import { ProxyProcess, type ProxyState } from '../support/proxy-process.js';
import { TestRedis } from '../support/redis.js';
import { describeWith } from '../support/skip.js';
import { until } from '../support/until.js';

interface PeerView {
  readonly instance_id: string;
  readonly role: string;
  readonly age_ms: number;
  readonly in_flight: number;
  readonly draining: boolean;
  readonly database_matches: boolean | null;
  readonly self: boolean;
}

interface FleetState extends ProxyState {
  readonly instance_id: string;
  readonly fleet_in_flight: number;
  readonly replicas: readonly PeerView[];
  readonly workers: readonly PeerView[];
  readonly redis: { readonly status: string };
  readonly problems: readonly { readonly code: string; readonly message: string }[];
}

interface Replica {
  readonly proxy: ProxyProcess;
  readonly client: LoadClient;
}

const binary = TestRedis.binary();
const KEYS = ['sk-test-fleet-1', 'sk-test-fleet-2'];
const stateOf = (proxy: ProxyProcess): Promise<FleetState> => proxy.admin<FleetState>('/admin/state');
const healthOf = async ({ proxy }: Replica, id: string): Promise<Record<string, unknown>> =>
  (await stateOf(proxy)).resources.find((one) => one.id === id)?.['health'] as Record<string, unknown>;

describeWith(binary !== null, 'a Redis server')('replicas on one Redis and one Postgres', () => {
  let redis: TestRedis;
  let database: string;
  const stops: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    redis = await TestRedis.start(binary ?? '');
    database = await (await postgres()).createDatabase();
  });
  afterAll(async () => {
    for (const stop of stops.reverse()) await stop();
    await redis.stop();
    await stopPostgres();
  });

  async function upstreamOf(keys = KEYS): Promise<FakeUpstream> {
    const upstream = await FakeUpstream.start({ keys });
    stops.push(() => upstream.stop());
    return upstream;
  }

  async function replica(
    upstream: FakeUpstream,
    env: Record<string, string> = {},
    keys: readonly string[] = KEYS,
  ): Promise<Replica> {
    const proxy = await ProxyProcess.start({
      upstream,
      keys,
      env: { PROXY_DATABASE_URL: database, PROXY_REDIS_URL: redis.url, ...env },
    });
    const client = new LoadClient(proxy.url);
    stops.push(async () => (client.close(), proxy.dispose()));
    return { proxy, client };
  }

  const together = (all: readonly Replica[]): Promise<unknown> =>
    until(
      () => Promise.all(all.map(({ proxy }) => stateOf(proxy))),
      (states) => states.every(({ replicas }) => replicas.length === all.length),
      { what: 'each replica seeing the others' },
    );

  it('a key that asks one for a pause gets nothing from the other until it is over', async () => {
    const upstream = await upstreamOf();
    const prefix = { PROXY_REDIS_PREFIX: 'pause' };
    const [a, b] = [await replica(upstream, prefix), await replica(upstream, prefix)];
    await together([a, b]);
    const [bad = ''] = KEYS;
    upstream.faults.set(bad, 'fault:429,retry=3', { times: 1 });
    const limited = () => upstream.ledger.creates.find((one) => one.key === bad && one.status === 429);
    await until(
      () => a.client.send({ body: {} }),
      () => limited() !== undefined,
      { everyMs: 1 },
    );
    await until(
      () => healthOf(b, 'openai-1'),
      (health) => health['reason'] === 'rate_limited',
      { what: 'the other replica knowing of the pause' },
    );
    const at = limited()?.at ?? 0;
    const back = () =>
      upstream.ledger.creates.find((one) => one.key === bad && one.status === 200 && one.at > at);
    await until(
      () => b.client.send({ body: {} }),
      () => back() !== undefined,
      { timeoutMs: 15_000 },
    );
    expect((back()?.at ?? 0) - at).toBeGreaterThanOrEqual(2_000);
  });

  it('a key that one is refused with is used by none, also by one that comes later', async () => {
    const upstream = await upstreamOf();
    const prefix = { PROXY_REDIS_PREFIX: 'refused' };
    const [a, b] = [await replica(upstream, prefix), await replica(upstream, prefix)];
    await together([a, b]);
    const [bad = ''] = KEYS;
    upstream.faults.set(bad, 'fault:401', { times: 1_000 });
    await until(
      () => a.client.send({ body: {} }),
      () => upstream.ledger.creates.some((one) => one.key === bad),
      { everyMs: 1 },
    );
    await until(
      () => healthOf(b, 'openai-1'),
      (health) => health['reason'] === 'invalid_key',
      { what: 'the other replica knowing of the refusal' },
    );
    const late = await replica(upstream, prefix);
    await until(
      () => healthOf(late, 'openai-1'),
      (health) => health['reason'] === 'invalid_key',
      { what: 'the replica that comes later knowing of the refusal' },
    );
    const before = upstream.ledger.creates.filter((one) => one.key === bad).length;
    for (let n = 0; n < 10; n++)
      for (const one of [b, late]) expect((await one.client.send({ body: {} })).status).toBe(200);
    expect(upstream.ledger.creates.filter((one) => one.key === bad)).toHaveLength(before);
  });

  it('three probe each key about as often as one', async () => {
    const upstream = await upstreamOf();
    const env = { PROXY_REDIS_PREFIX: 'probes', PROXY_HEALTH_CHECK_INTERVAL_SECONDS: '1' };
    const all = [await replica(upstream, env), await replica(upstream, env), await replica(upstream, env)];
    await together(all);
    const probes = () => upstream.ledger.arrivals.filter((one) => one.path === '/v1/models').length;
    const [before, from] = [probes(), performance.now()];
    await until(probes, (count) => count - before >= 20, { timeoutMs: 60_000 });
    // Two keys once a second would take ten seconds; three times as many, three.
    expect(performance.now() - from).toBeGreaterThan(6_500);
    for (const one of all) expect(await healthOf(one, 'openai-2')).toMatchObject({ last_probe_status: 200 });
  });

  it('each lists all of them and the worker, and forgets one that drains when it ends', async () => {
    const upstream = await upstreamOf();
    const env = { PROXY_REDIS_PREFIX: 'lists' };
    const [a, b] = [await replica(upstream, env), await replica(upstream, env)];
    const port = await freePort();
    const worker = await ProxyProcess.start({
      args: ['worker'],
      port,
      env: {
        ...env,
        PROXY_WORKER_PORT: String(port),
        PROXY_DATABASE_URL: database,
        PROXY_REDIS_URL: redis.url,
      },
    });
    stops.push(() => worker.dispose());
    for (const { proxy } of [a, b]) {
      const state = await until(
        () => stateOf(proxy),
        ({ replicas, workers }) =>
          [...replicas, ...workers].filter((one) => one.database_matches === true).length === 3,
        { what: 'two replicas and a worker on one database' },
      );
      expect(state.replicas).toHaveLength(2);
      expect(state.workers).toHaveLength(1);
      expect(state.replicas[0]).toMatchObject({ self: true, instance_id: state.instance_id });
      expect(state.problems).toEqual([]);
      expect(state.redis.status).toBe('up');
    }
    const open = b.client.send({ body: { model: 'plan:stepped', stream: true } });
    await until(
      () => stateOf(a.proxy),
      ({ fleet_in_flight, in_flight }) => fleet_in_flight === 1 && in_flight === 0,
    );
    const gone = (await stateOf(b.proxy)).instance_id;
    const ended = b.proxy.stop();
    await until(
      () => stateOf(a.proxy),
      ({ replicas }) => replicas.find((one) => one.instance_id === gone)?.draining === true,
      { what: 'the other one draining' },
    );
    const stepping = setInterval(() => upstream.step(), 20);
    expect(await ended).toBe(0);
    clearInterval(stepping);
    await open;
    await until(
      () => stateOf(a.proxy),
      (state) => state.replicas.length === 1 && state.fleet_in_flight === 0,
      { what: 'the other one forgotten', timeoutMs: 15_000 },
    );
  });

  it('on different databases say so, both of them, and stay ready', async () => {
    const upstream = await upstreamOf();
    const env = { PROXY_REDIS_PREFIX: 'databases', PROXY_IN_PROCESS_WORKER: 'true' };
    const other = await (await postgres()).createDatabase();
    const [a, b] = [
      await replica(upstream, env),
      await replica(upstream, { ...env, PROXY_DATABASE_URL: other }),
    ];
    for (const { proxy } of [a, b]) {
      const { problems } = await until(
        () => stateOf(proxy),
        (state) => state.problems.length > 0,
        { what: 'the mismatch noticed' },
      );
      expect(problems.map(({ code }) => code)).toEqual(['other_database']);
      expect(problems[0]?.message).toMatch(/PROXY_DATABASE_URL/);
      expect(problems[0]?.message).not.toContain('postgres://');
      const ready = await fetch(`${proxy.url}/readyz`);
      expect(ready.status).toBe(200);
      expect(JSON.stringify(await ready.json())).toContain('other_database');
    }
    // The log is written a little behind.
    for (const { proxy } of [a, b])
      await until(
        () => proxy.logs.filter((line) => line['event'] === 'fleet.problem').length,
        (lines) => lines === 1,
        { what: 'one line in the log' },
      );
  });
});
