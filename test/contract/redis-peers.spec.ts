import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/common/clock.js';
import type { ReceivedNotice } from '../../src/state/peers.js';
import { redisCommand } from '../support/redis-commands.js';
import { RedisPeer, type RedisPeerOptions } from '../support/redis-peer.js';
import { TestRedis } from '../support/redis.js';
import { describeWith } from '../support/skip.js';
import { until } from '../support/until.js';
import { aNotice, peersContract } from './peers.contract.js';

const binary = TestRedis.binary();
const TOPIC = 'health.verdict';

describeWith(binary !== null, 'a Redis server')('peers through Redis', () => {
  let redis: TestRedis;
  let prefix: string;
  beforeAll(async () => {
    redis = await TestRedis.start(binary ?? '');
  });
  beforeEach(() => {
    prefix = `t-${randomUUID()}`;
  });
  afterAll(() => redis.stop());

  const join = async (options: RedisPeerOptions = {}): Promise<RedisPeer> => {
    const peer = await RedisPeer.start(redis.url, { prefix, ...options });
    await peer.up();
    return peer;
  };
  const hearing = (peer: RedisPeer): ReceivedNotice[] => {
    const heard: ReceivedNotice[] = [];
    peer.peers.onNotice(TOPIC, (notice) => heard.push(notice));
    return heard;
  };
  const other = (peer: RedisPeer) => peer.peers.list().find(({ self }) => !self);

  peersContract('Redis', async () => {
    const peer = await RedisPeer.start(redis.url, { prefix: randomUUID() });
    await peer.up();
    return peer.peers;
  });

  it('know each other, how old they are, and when one leaves', async () => {
    const ahead = { now: () => Date.now() + 3_600_000, monotonic: () => systemClock.monotonic() };
    const a = await join({ clock: ahead });
    let changes = 0;
    a.peers.onChange(() => changes++);
    const b = await join({ role: 'worker' });
    b.peers.describe(() => ({ pending: 7, databaseId: 'db_1', batches: 3, lagMs: 20 }));
    const seen = await until(
      () => other(a),
      (peer) => peer?.pending === 7,
    );
    expect(seen).toMatchObject({
      instanceId: b.instanceId,
      role: 'worker',
      version: '1.2.3',
      databaseId: 'db_1',
    });
    expect(seen?.ageMs).toBeLessThan(3_000);
    expect(changes).toBeGreaterThan(0);
    await b.stop();
    await until(() => other(a) === undefined, Boolean, { timeoutMs: 2_000, what: 'b gone' });
  });

  it('hear a notice at once, and each only once', async () => {
    const [a, b] = [await join(), await join()];
    const heard = hearing(b);
    await until(async () =>
      (await redisCommand(redis.port, `PUBSUB NUMSUB ${prefix}:notice`)).includes(':2'),
    );
    a.peers.post(aNotice());
    a.peers.post(aNotice({ ttlMs: 0, key: 'passing' }));
    await until(() => heard.length === 2, Boolean, { timeoutMs: 1_000, what: 'two notices' });
    expect(heard[0]).toMatchObject({ from: a.instanceId, key: 'f1', body: { status: 'unhealthy' } });
    expect(heard[0]?.leftMs).toBeGreaterThan(50_000);
    const late = hearing(await join());
    await until(() => late.length > 0);
    expect(late.map(({ key }) => key)).toEqual(['f1']);
  });

  it('keep the last one of a topic and key for those that come later', async () => {
    const a = await join();
    a.peers.post(aNotice({ body: { n: 1 } }));
    a.peers.post(aNotice({ body: { n: 2 } }));
    a.peers.post(aNotice({ key: 'short', ttlMs: 50 }));
    await until(async () => (await redisCommand(redis.port, `HLEN ${prefix}:notices`)).includes(':2'));
    const over = Date.now() + 80;
    await until(() => Date.now() > over);
    const b = await join();
    const heard = hearing(b);
    await until(() => heard.length > 0);
    expect(heard.map(({ key, body }) => [key, body])).toEqual([['f1', { n: 2 }]]);
    // One that listens later still hears what this process has heard.
    expect(hearing(b)).toHaveLength(1);
  });

  it('get everything back after FLUSHALL, the identity of the store too', async () => {
    const [a, b] = [await join(), await join()];
    const { storeId } = a.peers.link;
    expect(storeId).not.toBeNull();
    expect(b.peers.link.storeId).toBe(storeId);
    a.peers.post(aNotice());
    await until(async () => (await redisCommand(redis.port, `EXISTS ${prefix}:notices`)).includes(':1'));
    await redisCommand(redis.port, 'FLUSHALL');
    await until(async () => (await redisCommand(redis.port, `EXISTS ${prefix}:notices`)).includes(':1'));
    const late = await join();
    expect(late.peers.link.storeId).toBe(storeId);
    const heard = hearing(late);
    await until(() => heard.length === 1);
    await until(() => late.peers.list().length === 3);
    expect(heard[0]?.leftMs).toBeLessThan(60_000);
  });

  it('let only one of them claim a name, until it is over', async () => {
    const [a, b] = [await join(), await join()];
    const won = await Promise.all([a.peers.claim('probe.f1', 300), b.peers.claim('probe.f1', 300)]);
    expect(won.filter(Boolean)).toHaveLength(1);
    expect(await b.peers.claim('probe of f2: any text', 300)).toBe(true);
    await until(() => a.peers.claim('probe.f1', 300));
  });

  it.each([
    ['that are over', 1],
    ['that still matter', 3_600_000],
  ])('hear and keep a new notice where five thousand %s fill the table', async (_, leftMs) => {
    const [a, b] = [await join(), await join()];
    const heard = hearing(b);
    const fill = `for i = 1, 5000 do redis.call('HSET', KEYS[1], 'old' .. i, '1 ' .. (ARGV[1] + i) .. ' {}') end`;
    await redisCommand(redis.port, `EVAL "${fill}" 1 ${prefix}:notices ${Date.now() + leftMs}`);
    for (const key of ['k1', 'k2', 'k3']) a.peers.post(aNotice({ key }));
    await until(() => heard.length === 3);
    const kept = Number((await redisCommand(redis.port, `HLEN ${prefix}:notices`)).slice(1));
    expect(kept).toBeLessThanOrEqual(5_000);
    const later = hearing(await join());
    await until(() => later.length === 3);
  });

  it('are not misled by what else lies there', async () => {
    const a = await join();
    const heard = hearing(a);
    for (const text of ['nonsense', '1', '1790000000000 5 {}', '1 1 {"from":"x","topic":"health.verdict"}'])
      await redisCommand(redis.port, `PUBLISH ${prefix}:notice '${text.replaceAll("'", '')}'`);
    await redisCommand(redis.port, `ZADD ${prefix}:peers 99999999999999 ghost`);
    await redisCommand(redis.port, `SET ${prefix}:peer:ghost nonsense`);
    const b = await join();
    b.peers.post(aNotice());
    await until(() => heard.length > 0);
    expect(heard.map(({ from }) => from)).toEqual([b.instanceId]);
    await until(() => a.peers.list().length === 2);
    expect(other(a)?.instanceId).toBe(b.instanceId);
    expect(a.peers.link.status).toBe('up');
  });

  it('go on alone while Redis is frozen, and tell afterwards what they had to say', async () => {
    const own = await TestRedis.start(binary ?? '');
    const [a, b] = [await RedisPeer.start(own.url), await RedisPeer.start(own.url)];
    await Promise.all([a.up(), b.up()]);
    await until(() => a.peers.list().length === 2);
    const heard = hearing(b);
    own.signal('SIGSTOP');
    await until(() => a.peers.link.status === 'away', Boolean, { timeoutMs: 1_000, what: 'away' });
    expect(a.peers.link.error).toMatch(/answer in time/);
    expect(await a.peers.claim('frozen', 1_000)).toBe(true);
    a.peers.post(aNotice({ key: 'meanwhile' }));
    await until(() => a.peers.list().length === 1, Boolean, { timeoutMs: 12_000, what: 'b forgotten' });
    own.signal('SIGCONT');
    await Promise.all([a.up(), b.up()]);
    await until(() => heard.some(({ key }) => key === 'meanwhile'));
    await until(() => a.peers.list().length === 2);
    await Promise.all([a.stop(), b.stop()]);
    await own.stop();
  }, 40_000);
});
