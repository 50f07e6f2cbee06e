import 'reflect-metadata';
import type { AppConfig } from './config/app-config.js';
import { diskFacts } from './diagnosis/disk-facts.js';
import type { Facts, KeyFacts, RedisFacts } from './diagnosis/facts.js';
import { lastEnd } from './diagnosis/last-end.js';
import { shownAddress } from './diagnosis/own-address.js';
import { isOfContainer } from './diagnosis/own-redis.js';
import { accessSettings, databaseFacts, settingsFacts } from './diagnosis/settings-facts.js';
import { initialHealth } from './health/health-state.js';
import { describeHealth } from './health/health-view.js';
import { applyProbe } from './health/probe-health.js';
import { reachDatabase } from './infra/database/reach-database.js';
import { reachRedis } from './infra/redis/reach-redis.js';
import { assignIds } from './resources/assign-ids.js';
import { buildSnapshot } from './resources/build-snapshot.js';
import type { Resource } from './resources/resource.js';
import { UpstreamClient } from './upstream/upstream-client.js';

/** What can be seen of an installation while its process does not run: what it would find if it were started now. */
export async function factsWithoutProcess(config: AppConfig, now: number): Promise<Facts> {
  const [keys, databaseError, redis, disk, end] = await Promise.all([
    keyFacts(config, now),
    reachDatabase(config.database),
    redisFacts(config),
    diskFacts(config),
    lastEnd(config.dataDir),
  ]);
  return {
    now,
    settings: settingsFacts(config),
    access: accessSettings(config),
    database: databaseFacts(config, databaseError === null, databaseError),
    redis,
    disk,
    ends: end === null ? [] : [end],
    keys,
  };
}

async function redisFacts({ redisUrl }: AppConfig): Promise<RedisFacts> {
  if (redisUrl === null) return { status: 'alone', ofContainer: false, error: null, warnings: [] };
  const { error, warnings } = await reachRedis(redisUrl);
  return { status: error === null ? 'up' : 'away', ofContainer: isOfContainer(redisUrl), error, warnings };
}

/** Each key of the environment asked once, by the rules of the running process. */
async function keyFacts(config: AppConfig, now: number): Promise<KeyFacts[]> {
  const upstream = new UpstreamClient(config.upstream);
  const fingerprints = config.keys.map(({ apiKey }) => apiKey.fingerprint());
  try {
    const { resources } = buildSnapshot(config, assignIds(new Map(), fingerprints), 0);
    return await Promise.all(resources.map((resource) => keyFact(resource, upstream, config, now)));
  } finally {
    await upstream.close();
  }
}

async function keyFact(
  resource: Resource,
  upstream: UpstreamClient,
  { health: { timeoutMs } }: AppConfig,
  now: number,
): Promise<KeyFacts> {
  const [answer, list] = await Promise.all([
    upstream.probe(resource, resource.healthPath, timeoutMs),
    upstream.listModels(resource, timeoutMs),
  ]);
  const state = applyProbe(initialHealth(now), answer, now, false);
  const { status, reason, detail } = describeHealth(state, now, 0);
  // One failed try is no verdict for a router; for a person it is all there is to know.
  const unreached = answer.status === null;
  return {
    id: resource.id,
    source: resource.source,
    origin: resource.origin,
    baseUrl: shownAddress(resource.baseUrl),
    poolId: resource.poolId,
    status: unreached ? 'unhealthy' : status,
    reason: unreached ? 'unreachable' : reason,
    detail: unreached ? answer.error : detail,
    until: null,
    probeStatus: answer.status,
    probeError: answer.error,
    organization: resource.organization ?? answer.organization,
    deniedModels: [],
    models: list.models,
  };
}
