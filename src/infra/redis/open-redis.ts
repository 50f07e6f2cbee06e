import { Redis, type RedisOptions } from 'ioredis';

/** A client for a library that keeps its own connections, of the ioredis that everything else here uses. */
export function openRedis(options: RedisOptions): Redis {
  return new Redis(options);
}
