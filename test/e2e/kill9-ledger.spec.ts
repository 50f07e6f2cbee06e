import { randomInt } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { compare, load, settledRows, SOUND } from '../support/ledgers.js';
import { LoadClient } from '../support/load-client.js';
import { postgres, stopPostgres } from '../support/postgres.js';
import { TestRedis } from '../support/redis.js';
import { Rig, key } from '../support/rig.js';
import { describeWith } from '../support/skip.js';
import { pause, until } from '../support/until.js';
import { batchesOf, startWorker } from '../support/worker-process.js';

const REQUESTS = Number(process.env['RPX_KILL9_REQUESTS'] ?? 800);
const LIMIT_MS = 120_000 + 60 * REQUESTS;

async function killAtRandom(rig: Rig, client: LoadClient, over: () => boolean): Promise<number> {
  let kills = 0;
  let next = randomInt(80, 160);
  while (!over()) {
    const done = client.entries.filter((e) => e.acknowledged).length;
    if (done < next) {
      await pause(5);
      continue;
    }
    await rig.proxy.kill9();
    kills += 1;
    await rig.proxy.restart();
    next = client.entries.filter((e) => e.acknowledged).length + randomInt(90, 200);
  }
  return kills;
}

async function ledgersAgree(rig: Rig): Promise<void> {
  const client = new LoadClient(rig.proxy.url);
  let over = false;
  const killing = killAtRandom(rig, client, () => over);
  const sent = await load(client, REQUESTS);
  over = true;
  const kills = await killing;
  const ended = Date.now();
  const rows = await settledRows(rig);
  const result = compare(rig, sent, rows);
  console.log('kill -9 ledger', JSON.stringify({ kills, ...result }));
  client.close();
  expect(kills).toBeGreaterThanOrEqual(3);
  expect(result).toMatchObject(SOUND);
  expect(result['interrupted']).toBeGreaterThan(0);
  await until(
    () => rig.proxy.state(),
    (s) => s.queue_depth === 0,
    { what: 'empty spool' },
  );
  const open = `SELECT id FROM requests WHERE state = 'in_progress' AND started_at <= ${ended}`;
  expect(await rig.history.rows(open)).toEqual([]);
}

describe('kill -9 at random under load', () => {
  afterAll(() => stopPostgres());

  it(
    'client ledger = upstream ledger = SQL (SQLite)',
    async () => {
      const rig = await Rig.start({ keys: [key('1'), key('2'), key('3')] });
      await ledgersAgree(rig);
      await rig.stop();
    },
    LIMIT_MS,
  );

  it(
    'client ledger = upstream ledger = SQL (Postgres)',
    async () => {
      const postgresUrl = await (await postgres()).createDatabase();
      const rig = await Rig.start({ keys: [key('1'), key('2'), key('3')], postgresUrl });
      await ledgersAgree(rig);
      await rig.stop();
    },
    LIMIT_MS,
  );
});

const binary = TestRedis.binary();

describeWith(binary !== null, 'a Redis server')(
  'kill -9 at random under load, with Redis and a worker',
  () => {
    afterAll(() => stopPostgres());

    it(
      'client ledger = upstream ledger = SQL (Postgres)',
      async () => {
        const redis = await TestRedis.start(binary ?? '');
        const postgresUrl = await (await postgres()).createDatabase();
        const worker = await startWorker({ redisUrl: redis.url, postgresUrl });
        const env = { PROXY_REDIS_URL: redis.url };
        const rig = await Rig.start({ keys: [key('1'), key('2'), key('3')], postgresUrl, env });
        await ledgersAgree(rig);
        expect(await batchesOf(worker)).toBeGreaterThan(10);
        await rig.stop();
        await worker.dispose();
        await redis.stop();
      },
      LIMIT_MS,
    );
  },
);
