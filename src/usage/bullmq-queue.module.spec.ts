import { RedisConnection } from 'bullmq';
import { afterEach, expect, it } from 'vitest';
import { openRedis } from '../infra/redis/open-redis.js';
import { BullmqQueueModule } from './bullmq-queue.module.js';

afterEach(() => delete RedisConnection.clientFactory);

it("BullMQ's connections are of the ioredis that the proxy uses, whichever else is installed beside it", () => {
  BullmqQueueModule.forRoot({ sends: true, works: true });
  const own = openRedis({ lazyConnect: true });
  const theirs = RedisConnection.clientFactory?.({ lazyConnect: true, port: 1 });
  expect(Object.getPrototypeOf(theirs)).toBe(Object.getPrototypeOf(own));
  expect(theirs?.['options']).toMatchObject({ lazyConnect: true, port: 1 });
});
