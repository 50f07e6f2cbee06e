import { spawnSync } from 'node:child_process';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import type { SpooledRecord } from '../../src/usage/telemetry-queue.js';
import { DatabaseUnderTest } from '../support/database-under-test.js';
import { freePort } from '../support/free-port.js';
import { TestRedis } from '../support/redis.js';
import { describeWith } from '../support/skip.js';
import { started } from '../support/telemetry-records.js';
import { TelemetryWorld } from '../support/telemetry-world.js';
import { until } from '../support/until.js';

const binary = TestRedis.binary();

describeWith(binary !== null, 'a Redis server')('telemetry queue when Redis or the workers fail', () => {
  let redis: TestRedis;
  let database: DatabaseUnderTest;
  const worlds: TelemetryWorld[] = [];

  beforeEach(async () => {
    redis = await TestRedis.start(binary ?? '');
    database = await DatabaseUnderTest.create('sqlite');
  });
  afterEach(async () => {
    redis.signal('SIGCONT');
    await Promise.all(worlds.splice(0).map((world) => world.stop()));
    await redis.stop();
    await database.remove();
  });
  afterAll(() => DatabaseUnderTest.stopServer());

  const open = async (role: 'api' | 'both' | 'worker', redisUrl = redis.url): Promise<TelemetryWorld> => {
    const world = await TelemetryWorld.start({ database: database.config, redisUrl, role });
    worlds.push(world);
    return world;
  };
  const cli = (...args: string[]): string =>
    spawnSync('redis-cli', ['-p', String(redis.port), ...args], { encoding: 'utf8' }).stdout.trim();
  const batch = (...ids: string[]): SpooledRecord[] => ids.map((id) => ({ record: started(id), body: null }));
  const rows = async (world: TelemetryWorld): Promise<number> => {
    const [row] = await world.database.dataSource.query('SELECT COUNT(*) AS n FROM requests');
    return Number(row.n);
  };

  it('leaves no batch in Redis once it is in SQL, and says nothing while all is well', async () => {
    const world = await open('both');
    for (let i = 0; i < 20; i++) await world.queue.deliver(batch(`r${i}`));
    expect(world.batches).toBe(20);
    expect(cli('--scan', '--pattern', '*batch_*')).toBe('');
    expect(world.log.lines.filter(({ event }) => event !== 'redis.up')).toEqual([]);
  });

  it('goes without a worker when there is none, says so once, and uses the first that comes', async () => {
    const api = await open('api');
    for (let i = 0; i < 5; i++) await api.queue.deliver(batch(`r${i}`));
    expect(await rows(api)).toBe(5);
    expect(api.log.of('telemetry.direct')).toHaveLength(1);
    expect(cli('--scan', '--pattern', '*batch_*')).toBe('');
    const worker = await open('worker');
    await until(async () => {
      await api.queue.deliver(batch('again'));
      return worker.batches;
    });
    expect(api.log.of('telemetry.queued')).toHaveLength(1);
  });

  it('starts without Redis, writes by itself, and uses Redis when it is there', async () => {
    const port = await freePort();
    const world = await open('both', `redis://127.0.0.1:${port}`);
    await world.queue.deliver(batch('r1', 'r2'));
    expect(await rows(world)).toBe(2);
    const late = await TestRedis.start(binary ?? '', [], port);
    await until(
      async () => {
        await world.queue.deliver(batch('again'));
        return world.batches;
      },
      { timeoutMs: 15_000 },
    );
    expect(world.log.of('telemetry.direct')).toHaveLength(1);
    expect(world.log.of('worker.running').length).toBeLessThanOrEqual(1);
    await late.stop();
  });

  it.each([
    ['is frozen', () => redis.signal('SIGSTOP')],
    ['is killed', () => redis.signal('SIGKILL')],
    ['has no memory left', () => void cli('CONFIG', 'SET', 'maxmemory', '1')],
    ['is read-only', () => void cli('REPLICAOF', '127.0.0.1', '1')],
  ])('goes on without Redis when it %s', async (_what, fault) => {
    const world = await open('both');
    await world.queue.deliver(batch('before'));
    fault();
    const begun = performance.now();
    for (let i = 0; i < 50; i++) await world.queue.deliver(batch(`r${i}`));
    expect(await rows(world)).toBe(51);
    expect(performance.now() - begun).toBeLessThan(10_000);
    expect(world.log.lines.length).toBeLessThanOrEqual(4);
  });

  it('loses nothing to FLUSHALL while batches are under way', async () => {
    const world = await open('both');
    let flushed = 0;
    const flushing = setInterval(() => {
      cli('FLUSHALL');
      flushed++;
    }, 20);
    for (let i = 0; i < 100; i++) await world.queue.deliver(batch(`r${i}`));
    clearInterval(flushing);
    expect(await rows(world)).toBe(100);
    expect(flushed).toBeGreaterThan(2);
  }, 60_000);

  it('asks a frozen server once, not again and again', async () => {
    const api = await open('api');
    await api.queue.deliver(batch('before'));
    cli('CONFIG', 'RESETSTAT');
    redis.signal('SIGSTOP');
    const begun = performance.now();
    await until(async () => {
      await api.queue.deliver(batch('meanwhile'));
      return performance.now() - begun > 6_000;
    });
    redis.signal('SIGCONT');
    const calls = Number(/cmdstat_client\|list:calls=(\d+)/.exec(cli('INFO', 'commandstats'))?.[1] ?? 0);
    expect(calls).toBeLessThanOrEqual(2);
  }, 60_000);

  it('takes back a batch that it gave up while the server was away', async () => {
    const api = await open('api');
    const delivery = api.queue.deliver(batch('r1'));
    await until(() => cli('--scan', '--pattern', '*batch_*') !== '', Boolean, { everyMs: 10 });
    redis.signal('SIGSTOP');
    await delivery;
    redis.signal('SIGCONT');
    await until(() => cli('--scan', '--pattern', '*batch_*') === '', Boolean, { timeoutMs: 20_000 });
    expect(await rows(api)).toBe(1);
  }, 60_000);

  it('removes what a dead process left in the queue, and nothing that may be waited for', async () => {
    const api = await open('api');
    await api.addJob({ batch: 'old' }, 120_000);
    await api.addJob({ batch: 'new' });
    expect(cli('LLEN', 'rpx:bullmq:telemetry:wait')).toBe('2');
    await api.queue.deliver(batch('r1'));
    await until(() => cli('LLEN', 'rpx:bullmq:telemetry:wait') === '1');
  }, 60_000);

  it.each(['api', 'both', 'worker'] as const)(
    'closes within two seconds without a server: %s',
    async (role) => {
      const world = await open(role, `redis://127.0.0.1:${await freePort()}`);
      worlds.splice(worlds.indexOf(world), 1);
      const begun = performance.now();
      await world.stop();
      expect(performance.now() - begun).toBeLessThan(2_500);
    },
  );

  it('survives jobs that others put into the queue', async () => {
    const world = await open('both');
    await world.queue.deliver(batch('before'));
    await world.addJob({ batch: 'no batch' });
    await world.addJob('nothing like it');
    await world.queue.deliver(batch('after'));
    expect(await rows(world)).toBe(2);
    expect(world.batches).toBe(2);
  });
});
