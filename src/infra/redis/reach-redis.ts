import { Redis } from 'ioredis';
import type { Secret } from '../../common/secret.js';
import { awayReason } from './away-reason.js';
import { bounded } from './bounded.js';
import { redisOptions } from './redis-options.js';
import { serverWarnings } from './server-warnings.js';

const PATIENCE_MS = 3_000;

export interface RedisReach {
  /** Null = it answers. */
  readonly error: string | null;
  readonly warnings: readonly string[];
}

/** Whether Redis answers, and what its settings are like; writes nothing. Never throws. */
export async function reachRedis(url: Secret): Promise<RedisReach> {
  const redis = new Redis({
    ...redisOptions(url),
    lazyConnect: true,
    enableOfflineQueue: false,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
    enableReadyCheck: false,
    disableClientInfo: true,
  });
  let reason: string | null = null;
  redis.on('error', (error: unknown) => (reason = awayReason(error)));
  try {
    await bounded(redis.connect(), PATIENCE_MS);
    await bounded(redis.ping(), PATIENCE_MS);
    // A user that may not ask for INFO has no warnings.
    const info = await bounded(redis.info(), PATIENCE_MS).catch(() => '');
    return { error: null, warnings: serverWarnings(info) };
  } catch (e: unknown) {
    return { error: reason ?? awayReason(e), warnings: [] };
  } finally {
    redis.disconnect();
  }
}
