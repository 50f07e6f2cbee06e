import { afterAll, beforeAll, describe, it } from 'vitest';
import { DatabaseUnderTest } from '../test/support/database-under-test.js';
import type { ProxyProcess } from '../test/support/proxy-process.js';
import { TestRedis } from '../test/support/redis.js';
import { finished, started } from '../test/support/telemetry-records.js';
import { TelemetryWorld } from '../test/support/telemetry-world.js';
import { startWorker } from '../test/support/worker-process.js';
import type { SpooledRecord } from '../src/usage/telemetry-queue.js';

/** A replica's drainer has one batch under way; this many replicas share the worker. */
const REPLICAS = 3;
const BATCH = 1_000;
const RECORDS = 60_000;

/** The two records of every request of one batch. */
function batchOf(replica: number, n: number): SpooledRecord[] {
  const requests = Array.from({ length: BATCH / 2 }, (_, i) => `req_${replica}_${n}_${i}`);
  return requests.flatMap((id) => [
    { record: started(id), body: null },
    { record: finished(id), body: null },
  ]);
}

/** `npx vitest run --config bench/vitest.config.ts`: how many records a second one worker process brings to SQL. */
describe.each(['sqlite', 'postgres'] as const)('one worker into %s', (dialect) => {
  let redis: TestRedis;
  let database: DatabaseUnderTest;
  let worker: ProxyProcess;
  let replica: TelemetryWorld;
  beforeAll(async () => {
    redis = await TestRedis.start(TestRedis.binary() ?? 'redis-server');
    database = await DatabaseUnderTest.create(dialect);
    const { config } = database;
    worker = await startWorker({
      redisUrl: redis.url,
      ...(config.kind === 'postgres' ? { postgresUrl: config.url.reveal() } : { sqlitePath: config.path }),
    });
    replica = await TelemetryWorld.start({ database: config, redisUrl: redis.url, role: 'api' });
    await replica.queue.deliver(batchOf(0, -1));
  });
  afterAll(async () => {
    await replica.stop();
    await worker.dispose();
    await database.remove();
    await DatabaseUnderTest.stopServer();
    await redis.stop();
  });

  it('delivers', async () => {
    const rounds = RECORDS / BATCH / REPLICAS;
    const from = performance.now();
    const send = async (lane: number): Promise<void> => {
      for (let n = 0; n < rounds; n++) await replica.queue.deliver(batchOf(lane, n));
    };
    await Promise.all(Array.from({ length: REPLICAS }, (_, n) => send(n)));
    const seconds = (performance.now() - from) / 1000;
    const [row] = await replica.database.dataSource.query('SELECT COUNT(*) AS n FROM requests');
    const direct = replica.log.of('telemetry.direct').length;
    console.log(
      `${dialect}: ${RECORDS} records in ${seconds.toFixed(1)} s = ${Math.round(RECORDS / seconds)} records/s; ` +
        `${row.n} rows; written around the worker: ${direct === 0 ? 'none' : 'SOME'}`,
    );
  });
});
