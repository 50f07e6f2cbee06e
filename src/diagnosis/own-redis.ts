import type { Secret } from '../common/secret.js';

/** As docker/entrypoint.sh names it. */
const OWN_REDIS = 'unix:///tmp/responses-proxy/redis.sock';

/** Whether it is the one that the container starts for itself. */
export function isOfContainer(redisUrl: Secret | null): boolean {
  return redisUrl?.reveal() === OWN_REDIS;
}
