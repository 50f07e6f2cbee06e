import { afterAll, beforeAll, describe } from 'vitest';
import { TestRedis } from '../support/redis.js';
import { describeWith } from '../support/skip.js';
import { telemetryQueueContract } from './telemetry-queue.contract.js';

const binary = TestRedis.binary();

describeWith(binary !== null, 'a Redis server')('telemetry queue through BullMQ', () => {
  let redis: TestRedis;
  beforeAll(async () => {
    redis = await TestRedis.start(binary ?? '');
  });
  afterAll(() => redis.stop());

  describe.each(['sqlite', 'postgres'] as const)('to %s', (dialect) =>
    telemetryQueueContract(dialect, () => redis.url),
  );
});
