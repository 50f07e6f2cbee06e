import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import type { AffinityBinding } from '../../src/state/live-state.js';
import { RedisNames } from '../../src/state/redis-names.js';
import { redisCommand } from '../support/redis-commands.js';
import { RedisPeer } from '../support/redis-peer.js';
import { TestRedis } from '../support/redis.js';
import { describeWith } from '../support/skip.js';
import { pause, until } from '../support/until.js';
import { aBinding } from './live-state.contract.js';

const binary = TestRedis.binary();
/** Longer than an hour, whatever Redis says the time is. */
const FUTURE = Date.now() + 86_400_000;

describeWith(binary !== null, 'a Redis server')('values in Redis that are none of ours', () => {
  let redis: TestRedis;
  let prefix: string;
  let names: RedisNames;
  beforeAll(async () => {
    redis = await TestRedis.start(binary ?? '');
  });
  beforeEach(() => {
    prefix = `t-${randomUUID()}`;
    names = new RedisNames(prefix);
  });
  afterAll(() => redis.stop());

  const tell = (command: string): Promise<string> => redisCommand(redis.port, command);
  const join = async (): Promise<RedisPeer> => {
    const peer = await RedisPeer.start(redis.url, { prefix });
    await peer.up();
    return peer;
  };
  const response = (): AffinityBinding =>
    aBinding({ kind: 'response', id: randomUUID(), boundAt: Date.now(), expiresAt: Date.now() + 60_000 });
  /** Whether Redis was away for one of them at any time. */
  const watched = (...peers: RedisPeer[]): { away: boolean } => {
    const seen = { away: false };
    for (const peer of peers) peer.redis.onChange(() => (seen.away ||= !peer.redis.up));
    return seen;
  };
  const foreign = (peer: RedisPeer): number => peer.peers.link.foreignValues;

  it.each([
    ['of another type', (key: string) => `RPUSH ${key} a b`],
    ['of another program', (key: string) => `SET ${key} garbage`],
    ['half a binding', (key: string) => `SET ${key} "1 [1,2"`],
    ['told in the future', (key: string) => `SET ${key} "${FUTURE} [\\"f\\",null,${FUTURE + 9},null]"`],
    ['with a number too long', (key: string) => `SET ${key} "${'9'.repeat(400)} [\\"f\\",null,5,null]"`],
  ])('under the name of a binding, %s: not found, counted, replaced by the next one', async (_, spoil) => {
    const [a, b] = [await join(), await join()];
    const seen = watched(a, b);
    const binding = response();
    const name = names.binding(binding.kind, binding.callerId, binding.id);
    await tell(spoil(name));
    expect(await b.live.recall([binding], Date.now())).toBe(true);
    expect(b.live.binding(binding, Date.now())).toBeNull();
    a.live.bind(binding);
    await until(() => b.live.binding(binding, Date.now()), Boolean, { what: 'told at once' });
    await until(
      () => tell(`GET ${name}`),
      (value) => value.includes(binding.fingerprint),
      { what: 'kept' },
    );
    expect(foreign(a) + foreign(b)).toBeGreaterThan(0);
    expect(seen.away).toBe(false);
  });

  it('under the names that all processes share: they are made anew', async () => {
    const a = await join();
    const seen = watched(a);
    for (const name of [names.peers, names.notices, names.store]) {
      await tell(`DEL ${name}`);
      await tell(`RPUSH ${name} a b`);
    }
    const b = await join();
    await until(
      () => [a.peers.list().length, b.peers.list().length, a.peers.link.storeId === b.peers.link.storeId],
      (now) => now.join() === '2,2,true',
    );
    const heard: string[] = [];
    b.peers.onNotice('t', ({ key }) => heard.push(key));
    a.peers.post({ topic: 't', key: 'k', body: {}, ttlMs: 60_000 });
    await until(() => heard.length === 1);
    expect(await tell(`HLEN ${names.notices}`)).toBe(':1\r\n');
    expect(foreign(a) + foreign(b)).toBeGreaterThanOrEqual(3);
    expect(seen.away).toBe(false);
  });

  it('among facts, notices and messages: passed over, what is ours beside them is heard', async () => {
    const [a, b] = [await join(), await join()];
    const seen = watched(a, b);
    for (const [id, facts] of [
      ['list', null],
      ['text', 'garbage'],
      ['odd', '{\\"inFlight\\":7,\\"pending\\":\\"x\\",\\"keyMinutes\\":[null]}'],
    ] as const) {
      await tell(facts === null ? `RPUSH ${names.peer(id)} a` : `SET ${names.peer(id)} "${facts}"`);
      await tell(`ZADD ${names.peers} ${Date.now()} ${id}`);
    }
    const told =
      '{\\"from\\":\\"x\\",\\"topic\\":\\"t\\",\\"key\\":\\"odd\\",\\"ttlMs\\":\\"x\\",\\"body\\":{}}';
    for (const message of ['garbage', 'null', '1 2 null', '[1,[2],null]', `1 2 ${told}`]) {
      await tell(`PUBLISH ${names.noticeChannel} "${message}"`);
      await tell(`PUBLISH ${names.bindingChannel} "${message}"`);
      await tell(`HSET ${names.notices} ${randomUUID()} "${message}"`);
    }
    await tell(`HSET ${names.notices} "t\\x00k" garbage`);
    const heard: string[] = [];
    b.peers.onNotice('t', ({ key }) => heard.push(key));
    const leave = a.live.enter('openai-1');
    a.peers.post({ topic: 't', key: 'k', body: {}, ttlMs: 60_000 });
    const binding = response();
    a.live.bind(binding);
    await until(() => b.live.binding(binding, Date.now()), Boolean);
    await until(() => b.live.inFlight('openai-1') === 1);
    const late = await join();
    const kept: string[] = [];
    late.peers.onNotice('t', ({ key }) => kept.push(key));
    await until(() => kept.includes('k') && heard.includes('k'));
    leave();
    expect([heard, kept]).toEqual([['k'], ['k']]);
    expect(foreign(b)).toBeGreaterThan(5);
    // Long enough for several beats.
    await pause(600);
    expect(seen.away).toBe(false);
  });
});
