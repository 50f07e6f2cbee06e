import { afterAll, beforeAll, expect, it } from 'vitest';
import { FleetTraffic, percentile, redisLinesPerSecond } from '../support/fleet-traffic.js';
import { Fleet } from '../support/fleet.js';
import type { LoadEntry } from '../support/load-client.js';
import { postgres, stopPostgres } from '../support/postgres.js';
import { redisCommand } from '../support/redis-commands.js';
import { TestRedis } from '../support/redis.js';
import { describeWith } from '../support/skip.js';
import { pause, until } from '../support/until.js';

/** How long each fault lasts; `RPX_REDIS_FAULT_MS=30000` is the full size. */
const FAULT_MS = Number(process.env['RPX_REDIS_FAULT_MS'] ?? 1_500);
/** Open on each replica meanwhile; `RPX_REDIS_FAULT_STREAMS=250` is the full size. */
const STREAMS = Number(process.env['RPX_REDIS_FAULT_STREAMS'] ?? 5);
const BEFORE_MS = 1_000;
/** Twice what is promised: the machine of a test has other things to do. */
const ADDED_MS = 500;
/** From when Redis serves again: the longest pause of the breaker is 2 s. */
const JOINED_MS = 5_000;
const LOADING_MS = FAULT_MS + 1_500;
const binary = TestRedis.binary();

interface RedisFault {
  readonly name: string;
  /** What `readyz` says meanwhile; null = now this, now that. */
  readonly link: 'up' | 'away' | null;
  /** In the log line. */
  readonly reason: RegExp | null;
  begin(redis: TestRedis): Promise<unknown>;
  /** Again and again while it lasts. */
  repeat?(redis: TestRedis): Promise<unknown>;
  end(redis: TestRedis): Promise<unknown>;
}

const tell = (command: string) => (redis: TestRedis) => redisCommand(redis.port, command);
const nothing = (): Promise<void> => Promise.resolve();

const FAULTS: readonly RedisFault[] = [
  {
    name: 'killed, and loading its data when it is back',
    link: 'away',
    reason: /LOADING|ECONNREFUSED|closed/,
    begin: async (redis) => {
      await redisCommand(redis.port, `EVAL "for i = 1, 300 do redis.call('SET', 'ballast:' .. i, 1) end" 0`);
      await redisCommand(redis.port, 'SAVE');
      const keys = Number(/\d+/.exec(await redisCommand(redis.port, 'DBSIZE'))?.[0]);
      await redis.kill9();
      // However many the tests have written: it loads for that long.
      const delay = String(Math.ceil((LOADING_MS * 1_000) / keys));
      redis.again(['--key-load-delay', delay, '--loading-process-events-interval-bytes', '1024']);
    },
    end: (redis) => redis.answering(),
  },
  {
    name: 'refusing connections',
    link: 'away',
    reason: /ECONNREFUSED|closed/,
    begin: (redis) => redis.kill9(),
    end: (redis) => Promise.resolve(redis.again()),
  },
  {
    name: 'frozen',
    link: 'away',
    reason: /answer in time/,
    begin: (redis) => Promise.resolve(redis.signal('SIGSTOP')),
    end: (redis) => Promise.resolve(redis.signal('SIGCONT')),
  },
  {
    name: 'slow by half a second',
    link: null,
    reason: /answer in time/,
    begin: nothing,
    repeat: tell('CLIENT PAUSE 500 ALL'),
    end: tell('CLIENT UNPAUSE'),
  },
  { name: 'flushed', link: 'up', reason: null, begin: nothing, repeat: tell('FLUSHALL'), end: nothing },
  {
    name: 'a replica (READONLY)',
    link: 'away',
    reason: /READONLY/,
    begin: tell('REPLICAOF 127.0.0.1 1'),
    end: tell('REPLICAOF NO ONE'),
  },
  {
    name: 'short of replicas (NOREPLICAS)',
    link: 'away',
    reason: /NOREPLICAS/,
    begin: tell('CONFIG SET min-replicas-to-write 1'),
    end: tell('CONFIG SET min-replicas-to-write 0'),
  },
  {
    name: 'out of memory (OOM)',
    link: 'away',
    reason: /OOM/,
    begin: tell('CONFIG SET maxmemory 1'),
    end: tell('CONFIG SET maxmemory 0'),
  },
  {
    name: 'unable to save (MISCONF)',
    link: 'away',
    reason: /MISCONF/,
    begin: async (redis) => {
      await redisCommand(redis.port, 'CONFIG SET save "3600 1000000"');
      await redisCommand(redis.port, 'CONFIG SET dir /proc');
      await redisCommand(redis.port, 'BGSAVE');
    },
    end: async (redis) => {
      await redisCommand(redis.port, `CONFIG SET dir ${redis.dir}`);
      await redisCommand(redis.port, 'CONFIG SET save ""');
    },
  },
];

/**
 * A response made on one replica and continued on the other. Not at the first try on a busy machine: an answer of Redis
 * that is 100 ms late counts as an outage, too, and heals itself.
 */
async function together(fleet: Fleet): Promise<LoadEntry> {
  let made = await fleet.make(0);
  const follow = async (): Promise<string> => {
    made = await fleet.make(0);
    return fleet.follow(1, made);
  };
  await until(follow, (how) => how === '200 200 same key', { what: 'continued by the key that made it' });
  return made;
}

describeWith(binary !== null, 'a Redis server')('two replicas whose Redis is', () => {
  let redis: TestRedis;
  let fleet: Fleet;
  beforeAll(async () => {
    redis = await TestRedis.start(binary ?? '', ['--enable-protected-configs', 'yes']);
    const postgresUrl = await (await postgres()).createDatabase();
    fleet = await Fleet.start({ replicas: 2, redisUrl: redis.url, postgresUrl });
  }, 60_000);
  afterAll(async () => {
    await fleet.stop();
    await redis.stop();
    await stopPostgres();
  });

  it.each(FAULTS)(
    '$name: nobody notices, and they join again by themselves',
    async (fault) => {
      await fleet.all('up');
      const made = await together(fleet);
      const lineCounts = fleet.proxies.map((proxy) => proxy.lines.length);
      const startedAt = Date.now();
      const streamMs = BEFORE_MS + FAULT_MS + 1_500;
      const traffic = new FleetTraffic(fleet, { streams: STREAMS, lanes: 2, streamMs });
      await pause(BEFORE_MS);
      const brokenAt = Date.now();
      await fault.begin(redis);
      const noticedMs = fault.link === 'away' ? await fleet.all('away', 3_000) : 0;
      while (Date.now() - brokenAt < FAULT_MS) {
        await fault.repeat?.(redis).catch(() => undefined);
        await pause(fault.repeat === undefined ? 50 : 400);
      }
      const known = await fleet.follow(1, made);
      const mendedAt = Date.now();
      await fault.end(redis);
      const joinedMs = await fleet.all('up', JOINED_MS);
      const before = traffic.times(startedAt, brokenAt);
      const during = traffic.times(brokenAt, mendedAt);
      const failures = await traffic.stop();
      const added = percentile(during, 0.99) - percentile(before, 0.99);
      const logs = fleet.proxies.map((proxy, i) => proxy.logs.slice(lineCounts[i]));
      const lines = Math.max(...logs.map(redisLinesPerSecond));
      const figures = { noticedMs, joinedMs, requests: traffic.count, addedP99: added, lines };
      console.log(`Redis ${fault.name}`, JSON.stringify(figures));
      expect(failures).toEqual([]);
      expect(known).toBe('200 200 same key');
      await together(fleet);
      expect(added).toBeLessThanOrEqual(ADDED_MS);
      expect(lines).toBeLessThanOrEqual(10);
      if (fault.reason !== null)
        expect(JSON.stringify(logs.flat().filter(({ event }) => event === 'redis.away'))).toMatch(
          fault.reason,
        );
    },
    60_000 + 2 * FAULT_MS,
  );

  it('away: what the other replica has just made is found in the history, by all that ask at once', async () => {
    await fleet.all('up');
    redis.signal('SIGSTOP');
    await fleet.all('away');
    const made = await Promise.all(Array.from({ length: 60 }, () => fleet.make(0)));
    const how = await Promise.all(made.map((one) => fleet.follow(1, one)));
    redis.signal('SIGCONT');
    await fleet.all('up');
    expect([...new Set(how)]).toEqual(['200 200 same key']);
  }, 60_000);

  it('away, and the database too: nobody guesses who made it, the client is told to come again', async () => {
    const { server } = await postgres();
    await fleet.all('up');
    redis.signal('SIGSTOP');
    await fleet.all('away');
    const made = await fleet.make(0);
    server.freeze();
    const sent = fleet.upstream.ledger.creates.length;
    const body = { previous_response_id: made.responseId };
    const refused = await fleet.clients[1]?.send({ body, keepText: true });
    const sentSince = fleet.upstream.ledger.creates.length - sent;
    server.resume();
    await until(
      () => fleet.follow(1, made),
      (how) => how === '200 200 same key',
    );
    redis.signal('SIGCONT');
    await fleet.all('up');
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1', 'x-should-retry': 'true' } });
    expect(refused?.text).toContain('affinity_unavailable');
    expect(sentSince).toBe(0);
    const detail = await until(
      () =>
        fleet.proxies[0]!.admin<{ decisions: { explanation: string }[] }>(
          `/admin/requests/${refused?.proxyRequestId}`,
        ).catch(() => null),
      (found) => found !== null,
    );
    expect(detail?.decisions.map(({ explanation }) => explanation)).toEqual([
      expect.stringContaining('cannot be looked up now'),
    ]);
  }, 60_000);
});
