import { afterAll, beforeAll, expect, it } from 'vitest';
import { LoadClient } from '../support/load-client.js';
import { postgres, stopPostgres } from '../support/postgres.js';
import type { ProxyProcess, ProxyState } from '../support/proxy-process.js';
import { redisCommand } from '../support/redis-commands.js';
import { TestRedis } from '../support/redis.js';
import { key, Rig } from '../support/rig.js';
import { describeWith } from '../support/skip.js';
import { until } from '../support/until.js';
import { startWorker } from '../support/worker-process.js';

interface Ready {
  readonly status: string;
  readonly details: Readonly<Record<string, { readonly status: string }>>;
}

const binary = TestRedis.binary();

/** `200 ready`, or what is down. */
async function readiness(process: ProxyProcess): Promise<string> {
  const answer = await fetch(`${process.url}/readyz`);
  const { status, details } = (await answer.json()) as Ready;
  const down = Object.entries(details).filter((entry) => entry[1].status !== 'up');
  return [answer.status, status, ...down.map(([name]) => name)].join(' ');
}

const becomes = (process: ProxyProcess, wanted: string): Promise<string> =>
  until(
    () => readiness(process),
    (said) => said === wanted,
    { timeoutMs: 15_000, what: wanted },
  );

describeWith(binary !== null, 'a Redis server')('who writes the history', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start(binary ?? '');
  });
  afterAll(async () => {
    await redis.stop();
    await stopPostgres();
  });

  it('a worker: ready while it reaches both Redis and the database, and names which it does not', async () => {
    const { server, ...database } = await postgres();
    const postgresUrl = await database.createDatabase();
    await server.stop();
    const worker = await startWorker({ redisUrl: redis.url, postgresUrl });
    try {
      await becomes(worker, '503 not_ready database');
      expect((await fetch(`${worker.url}/healthz`)).status).toBe(200);
      await server.start();
      await becomes(worker, '200 ready');
      redis.signal('SIGSTOP');
      await becomes(worker, '503 not_ready redis');
      redis.signal('SIGCONT');
      await becomes(worker, '200 ready');
      expect(await worker.stop()).toBe(0);
    } finally {
      redis.signal('SIGCONT');
      await worker.dispose();
    }
  }, 60_000);

  it('a replica that is a worker too: what goes through the queue it takes out itself', async () => {
    const env = {
      PROXY_REDIS_URL: redis.url,
      PROXY_REDIS_PREFIX: 'inside',
      PROXY_DATABASE_URL: await (await postgres()).createDatabase(),
      PROXY_IN_PROCESS_WORKER: 'true',
    };
    const rig = await Rig.start({ keys: [key('inside')], env });
    const client = new LoadClient(rig.proxy.url);
    try {
      await becomes(rig.proxy, '200 ready');
      const { proxyRequestId } = await client.send({ body: {} });
      await until(
        () => rig.proxy.admin<{ request: { state: string } }>(`/admin/requests/${proxyRequestId}`),
        ({ request }) => request.state === 'completed',
        { what: 'the record' },
      );
      const state = await until(
        () =>
          rig.proxy.admin<ProxyState & { problems: readonly unknown[]; queue_depth: number }>('/admin/state'),
        ({ queue_depth: depth }) => depth === 0,
      );
      expect(state.problems).toEqual([]);
      // It did not write it past the queue.
      const jobs = await redisCommand(redis.port, 'GET inside:bullmq:telemetry:id');
      expect(Number(jobs.split('\r\n')[1])).toBeGreaterThan(0);
      expect(await redisCommand(redis.port, 'LLEN inside:bullmq:telemetry:wait')).toBe(':0\r\n');
      expect(await redisCommand(redis.port, 'XRANGE inside:bullmq:telemetry:events - +')).toContain(
        'completed',
      );
    } finally {
      client.close();
      await rig.stop();
    }
  }, 60_000);
});
