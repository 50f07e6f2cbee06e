import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/common/clock.js';
import type { AffinityBinding, BindingKey } from '../../src/state/live-state.js';
import { redisCommand } from '../support/redis-commands.js';
import { RedisPeer } from '../support/redis-peer.js';
import { TestRedis } from '../support/redis.js';
import { describeWith } from '../support/skip.js';
import { until } from '../support/until.js';
import { aBinding, liveStateContract } from './live-state.contract.js';

const binary = TestRedis.binary();

describeWith(binary !== null, 'a Redis server')('live state through Redis', () => {
  let redis: TestRedis;
  let prefix: string;
  beforeAll(async () => {
    redis = await TestRedis.start(binary ?? '');
  });
  beforeEach(() => {
    prefix = `t-${randomUUID()}`;
  });
  afterAll(() => redis.stop());

  liveStateContract('Redis', async (maxBindings) => {
    const peer = await RedisPeer.start(redis.url, { prefix: randomUUID(), maxBindings });
    await peer.up();
    return peer.live;
  });

  const join = async (options: Parameters<typeof RedisPeer.start>[1] = {}): Promise<RedisPeer> => {
    const peer = await RedisPeer.start(redis.url, { prefix, ...options });
    await peer.up();
    return peer;
  };
  const now = (over: Partial<AffinityBinding> = {}): AffinityBinding =>
    aBinding({ boundAt: Date.now(), expiresAt: Date.now() + 60_000, ...over });
  const sees = (peer: RedisPeer, key: BindingKey, clock = Date.now): Promise<AffinityBinding | null> =>
    until(() => peer.live.binding(key, clock()), Boolean, { timeoutMs: 3_000, what: 'the binding' });

  it('counts what the others have open, while they live', async () => {
    const [a, b, c] = [await join(), await join(), await join()];
    const leave = a.live.enter('openai-1');
    a.live.enter('openai-1');
    c.live.enter('openai-1');
    b.live.enter('openai-2');
    await until(
      () => b.live.inFlight('openai-1'),
      (n) => n === 3,
    );
    expect([b.live.inFlight('openai-2'), b.live.localInFlight]).toEqual([1, 1]);
    leave();
    await until(
      () => b.live.inFlight('openai-1'),
      (n) => n === 2,
    );
    await c.stop();
    await until(
      () => b.live.inFlight('openai-1'),
      (n) => n === 1,
      { timeoutMs: 2_000 },
    );
    a.die();
    const killedAt = performance.now();
    await until(
      () => b.live.inFlight('openai-1'),
      (n) => n === 0,
      { timeoutMs: 15_000 },
    );
    expect(performance.now() - killedAt).toBeGreaterThan(1_000);
  }, 30_000);

  it('tells its subscribers when a place became free elsewhere', async () => {
    const [a, b] = [await join(), await join()];
    const leave = a.live.enter('openai-1');
    await until(
      () => b.live.inFlight('openai-1'),
      (n) => n === 1,
    );
    let told = 0;
    b.live.subscribe(() => told++);
    leave();
    await until(
      () => told,
      (n) => n > 0,
    );
    expect(b.live.inFlight('openai-1')).toBe(0);
  });

  it('shares what it binds, and what it takes back', async () => {
    const [a, b] = [await join(), await join()];
    const bound = now({ organization: 'org', cachedTokens: 42 });
    a.live.bind(bound);
    expect(await sees(b, bound)).toMatchObject({ fingerprint: 'f1', organization: 'org', cachedTokens: 42 });
    a.live.bind({ ...bound, expiresAt: bound.boundAt });
    await until(() => b.live.binding(bound, Date.now()) === null);
    const late = await join();
    await late.live.recall([bound], Date.now());
    expect(late.live.binding(bound, Date.now())).toBeNull();
  });

  it('keeps what it only remembers to itself', async () => {
    const [a, b] = [await join(), await join()];
    a.live.remember(now({ id: 'from-sql' }));
    a.live.bind(now({ id: 'new' }));
    await sees(b, aBinding({ id: 'new' }));
    await b.live.recall([aBinding({ id: 'from-sql' })], Date.now());
    expect(b.live.binding(aBinding({ id: 'from-sql' }), Date.now())).toBeNull();
  });

  it('agrees with a machine whose clock is an hour ahead', async () => {
    const ahead = { now: () => Date.now() + 3_600_000, monotonic: () => systemClock.monotonic() };
    const [a, b] = [await join({ clock: ahead }), await join()];
    const first = { ...now(), boundAt: ahead.now(), expiresAt: ahead.now() + 60_000 };
    a.live.bind(first);
    const seen = await sees(b, first);
    expect(Math.abs((seen?.boundAt ?? 0) - Date.now())).toBeLessThan(5_000);
    expect(Math.abs((seen?.expiresAt ?? 0) - Date.now() - 60_000)).toBeLessThan(5_000);
    // Later by the store, though earlier by its own clock.
    await until(() => Date.now() > (seen?.boundAt ?? 0) + 20);
    b.live.bind(now({ fingerprint: 'f2' }));
    await until(() => a.live.binding(first, ahead.now())?.fingerprint === 'f2');
  });

  it('recalls what was bound before it came, for the caller it belongs to', async () => {
    const a = await join();
    const bound = now({ kind: 'response', id: 'resp_1', callerId: 'key_1' });
    a.live.bind(bound);
    await until(async () => (await redisCommand(redis.port, `KEYS ${prefix}:bind:*`)).includes(':bind:'));
    const b = await join();
    const stranger = { ...bound, callerId: 'key_2' };
    await b.live.recall([bound, stranger], Date.now());
    expect(b.live.binding(bound, Date.now())?.fingerprint).toBe('f1');
    expect(b.live.binding(stranger, Date.now())).toBeNull();
    expect(b.live.recall([bound], Date.now())).toBeNull();
  });

  it('asks the history for what Redis does not know, and not again for what nobody knows', async () => {
    const asked: string[][] = [];
    const source = (keys: readonly BindingKey[]) => {
      asked.push(keys.map(({ id }) => id));
      return Promise.resolve(keys.filter(({ id }) => id === 'old').map(({ id }) => now({ id })));
    };
    const [a, b] = [await join(), await join({ source })];
    a.live.bind(now({ id: 'shared' }));
    await sees(b, aBinding({ id: 'shared' }));
    const recall = (...ids: string[]) =>
      b.live.recall(
        ids.map((id) => aBinding({ id })),
        Date.now(),
      );
    await recall('shared', 'old', 'never');
    expect(b.live.binding(aBinding({ id: 'old' }), Date.now())).not.toBeNull();
    expect(recall('never')).toBeNull();
    expect(asked).toEqual([['old', 'never']]);
    // What comes behind one that Redis knows is not worth a look.
    const c = await join({ source });
    asked.length = 0;
    await c.live.recall(
      ['first', 'shared', 'behind'].map((id) => aBinding({ id })),
      Date.now(),
    );
    expect(asked).toEqual([['first']]);
  });

  it('does not wait for a history that hangs, and not at all the second time', async () => {
    const b = await join({ source: () => new Promise(() => undefined) });
    const startedAt = performance.now();
    await b.live.recall([aBinding({ id: 'x' })], Date.now());
    expect(performance.now() - startedAt).toBeLessThan(1_000);
    const again = performance.now();
    await b.live.recall([aBinding({ id: 'y' })], Date.now());
    expect(performance.now() - again).toBeLessThan(150);
  });

  it('does not pass off as unknown what Redis has lost and a history that is away may know', async () => {
    const b = await join({ source: () => Promise.reject(new Error('away')) });
    const response = aBinding({ kind: 'response', id: 'old' });
    for (const again of [1, 2, 3])
      expect([again, await b.live.recall([response], Date.now())]).toEqual([again, false]);
  });

  it('has nowhere to look while Redis is away and there is no history', () => {
    const alone = RedisPeer.make('redis://127.0.0.1:1');
    expect(alone.live.recall([aBinding()], Date.now())).toBeNull();
  });

  describe('away', () => {
    const response = (id: string): BindingKey => aBinding({ kind: 'response', id });
    /** Knows a response once `recorded` has it. */
    const history = (recorded: Set<string>) => (keys: readonly BindingKey[]) =>
      Promise.resolve(keys.filter(({ id }) => recorded.has(id)).map((key) => now(key)));
    const timed = async (work: Promise<boolean> | null): Promise<[boolean | null, number]> => {
      const startedAt = performance.now();
      return [await work, performance.now() - startedAt];
    };

    it('waits for the record of a response that another replica has just made', async () => {
      const recorded = new Set<string>();
      const alone = RedisPeer.make('redis://127.0.0.1:1', { source: history(recorded) });
      const recalled = alone.live.recall([response('r1')], Date.now());
      setTimeout(() => recorded.add('r1'), 300);
      expect(await recalled).toBe(true);
      expect(alone.live.binding(response('r1'), Date.now())).not.toBeNull();
    });

    it('finds sixty different ones at once', async () => {
      const all = Array.from({ length: 60 }, (_, i) => response(`r${i}`));
      const source = history(new Set(all.map(({ id }) => id)));
      const alone = RedisPeer.make('redis://127.0.0.1:1', { source });
      const looked = all.map(async (key) => await alone.live.recall([key], Date.now()));
      await Promise.all(looked);
      expect(all.filter((key) => alone.live.binding(key, Date.now()) === null)).toEqual([]);
    });

    it('lets a response that is nowhere count as unknown after a while', async () => {
      const alone = RedisPeer.make('redis://127.0.0.1:1', { source: history(new Set()) });
      const [told, ms] = await timed(alone.live.recall([response('r1')], Date.now()));
      expect(told).toBe(true);
      expect(ms).toBeGreaterThan(1_400);
      expect(ms).toBeLessThan(4_000);
    });

    it('does not pass a response off as unknown while the history cannot be asked', async () => {
      for (const source of [
        () => Promise.reject(new Error('away')),
        () => new Promise<AffinityBinding[]>(() => undefined),
      ]) {
        const alone = RedisPeer.make('redis://127.0.0.1:1', { source });
        const [told, ms] = await timed(alone.live.recall([response('r1')], Date.now()));
        expect(told).toBe(false);
        expect(ms).toBeLessThan(3_000);
      }
    });

    it('does not pass off as unknown what went before its record was in the history', async () => {
      const alone = RedisPeer.make('redis://127.0.0.1:1', {
        source: history(new Set()),
        owedSince: () => Date.now() - 10_000,
        maxBindings: 1,
      });
      alone.live.bind(now({ kind: 'response', id: 'r1' }));
      alone.live.bind(now({ id: 's1' }));
      expect(await alone.live.recall([response('r1')], Date.now())).toBe(false);
    });

    it('waits for nothing on account of what only helps', async () => {
      const alone = RedisPeer.make('redis://127.0.0.1:1', { source: history(new Set()) });
      const [told, ms] = await timed(alone.live.recall([aBinding({ id: 's1' })], Date.now()));
      expect(told).toBe(true);
      expect(ms).toBeLessThan(1_000);
    });
  });

  it('takes a response nobody knows for unknown at once while Redis is up', async () => {
    const b = await join({ source: () => Promise.resolve([]) });
    const startedAt = performance.now();
    expect(await b.live.recall([aBinding({ kind: 'response', id: 'r1' })], Date.now())).toBe(true);
    expect(performance.now() - startedAt).toBeLessThan(1_000);
  });

  it('leaves nothing in Redis that a client made up', async () => {
    const a = await join();
    const made = 'my-secret-project';
    a.live.bind(now({ id: made }));
    a.live.bind(now({ id: made, kind: 'thread' }));
    const list = (): Promise<string> => redisCommand(redis.port, `KEYS ${prefix}:*`);
    const keys = await until(list, (all) => all.split(':bind:').length === 3);
    expect(keys).not.toContain(made);
    for (const [name] of keys.matchAll(new RegExp(`${prefix}:bind:\\S+`, 'g'))) {
      const value = await redisCommand(redis.port, `GET ${name}`);
      expect(value).toContain('f1');
      expect(value).not.toContain(made);
    }
  });

  it('keeps what it bound for a Redis that is away, and tells it when it is back', async () => {
    const own = await TestRedis.start(binary ?? '');
    const a = await RedisPeer.start(own.url);
    await a.up();
    own.signal('SIGSTOP');
    await until(() => a.peers.link.status === 'away');
    const bound = now({ id: 'meanwhile' });
    a.live.bind(bound);
    own.signal('SIGCONT');
    const b = await RedisPeer.start(own.url);
    await Promise.all([a.up(), b.up()]);
    await until(async () => {
      await b.live.recall([bound], Date.now());
      return b.live.binding(bound, Date.now()) !== null;
    });
    await Promise.all([a.stop(), b.stop()]);
    await own.stop();
  }, 20_000);
});
