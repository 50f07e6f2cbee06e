import { NO_PROVIDERS } from './registry-rows.js';
import { Balancer } from '../../src/balancer/balancer.service.js';
import type { ServedFacts } from '../../src/balancer/lease.js';
import type { RoutingHints } from '../../src/balancer/routing-hints.js';
import { RoutingRefusal } from '../../src/balancer/routing-refusal.js';
import type { Clock } from '../../src/common/clock.js';
import { createLogger } from '../../src/common/logger.js';
import { Secret } from '../../src/common/secret.js';
import type { AppConfig } from '../../src/config/app-config.js';
import { HealthSharing } from '../../src/health/health-sharing.service.js';
import { HealthService } from '../../src/health/health.service.js';
import { TrialClaims } from '../../src/health/trial-claims.js';
import type { DatabaseService } from '../../src/infra/database/database.service.js';
import { ResourceIdentityRepository } from '../../src/resources/resource-identity.repository.js';
import { ResourceRegistry } from '../../src/resources/resource-registry.service.js';
import { LonePeers } from '../../src/state/lone-peers.js';
import { MemoryLiveState } from '../../src/state/memory-live-state.js';
import type { Peers } from '../../src/state/peers.js';
import type { AttemptOutcome } from '../../src/upstream/attempt-outcome.js';

export const NO_HINTS: RoutingHints = {
  requestId: 'req_1',
  callerId: 'loopback',
  tenant: false,
  poolId: null,
  routeKind: 'create',
  model: null,
  alias: null,
  inputTokens: 0,
  stream: false,
  background: false,
  store: null,
  sessionId: null,
  sessionSource: null,
  sessionName: null,
  threadId: null,
  parentThreadId: null,
  forkedFromThreadId: null,
  previousResponseId: null,
  pathResponseId: null,
  conversationId: null,
  itemReferenceIds: [],
  containerIds: [],
  addsItems: false,
  sealedDigests: [],
  hasSideEffects: false,
};

/** Time that passes when told to. */
export class ManualClock implements Clock {
  #ms = 1_800_000_000_000;

  now(): number {
    return this.#ms;
  }

  monotonic(): number {
    return this.#ms - 1_799_999_000_000;
  }

  advance(ms: number): void {
    this.#ms += ms;
  }
}

export interface WorldKey {
  readonly key: string;
  readonly weight?: number;
  readonly pool?: string;
  readonly organization?: string;
  readonly maxConcurrency?: number;
}

export interface WorldOptions {
  readonly sharedInOrganization?: boolean;
  readonly retry5xx?: boolean;
  readonly maxEntries?: number;
  /** Of the same time as those of other worlds. */
  readonly clock?: ManualClock;
  readonly peers?: Peers;
}

export const SERVED: AttemptOutcome = { kind: 'served', status: 200, rateLimit: null };

export function answered(status: number, code: string | null = null, retryAfterMs: number | null = null) {
  return {
    kind: 'answered',
    status,
    code,
    message: null,
    retryAfterMs,
    rateLimit: null,
  } as const satisfies AttemptOutcome;
}

interface Learnt {
  readonly responseId?: string;
  readonly conversationId?: string;
  readonly sealed?: string[];
  readonly items?: string[];
  readonly listed?: string[];
  readonly usage?: boolean;
  readonly cachedTokens?: number;
}

/** What an answer taught that taught nothing else. */
export function learnt(learned: Learnt = {}): ServedFacts {
  return {
    responseId: learned.responseId ?? null,
    conversationId: learned.conversationId ?? null,
    organization: null,
    sealedDigests: learned.sealed ?? [],
    itemIds: learned.items ?? [],
    listedIds: learned.listed ?? [],
    hasUsage: learned.usage ?? learned.cachedTokens !== undefined,
    cachedTokens: learned.cachedTokens ?? null,
  };
}

/** The real parts of routing on a manual clock, with nothing written anywhere. */
export function routingWorld(keys: readonly WorldKey[], options: WorldOptions = {}) {
  const clock = options.clock ?? new ManualClock();
  const peers =
    options.peers ?? new LonePeers({ instanceId: 'inst_lone', role: 'api', version: '0.0.0' }, clock);
  const logger = createLogger('silent');
  const config = configOf(keys, options);
  const repository = new ResourceIdentityRepository({ ready: false } as DatabaseService);
  const registry = new ResourceRegistry(config, repository, NO_PROVIDERS, clock, logger);
  const live = new MemoryLiveState(config.affinity.maxEntries, clock);
  const health = new HealthService(registry, live, clock, logger, new TrialClaims(peers, live, clock));
  const sharing = new HealthSharing(registry, health, peers, clock);
  const balancer = new Balancer(config, registry, live, health, health, clock);
  const acquire = (hints: Partial<RoutingHints> = {}, tried: string[] = []) =>
    balancer.acquire({ ...NO_HINTS, ...hints }, tried, tried.length + 1);
  const refused = (hints: Partial<RoutingHints> = {}, tried: string[] = []): RoutingRefusal => {
    try {
      acquire(hints, tried);
    } catch (e: unknown) {
      if (e instanceof RoutingRefusal) return e;
      throw e;
    }
    throw new Error('expected a refusal');
  };
  /** One served exchange; answers the resource it was on. */
  const serve = (hints: Partial<RoutingHints> = {}, learned: Learnt = {}) => {
    const lease = acquire(hints);
    lease.release(SERVED, learnt(learned));
    return lease.resource.id;
  };
  const fail = (id: string, outcome: AttemptOutcome, times = 1) => {
    for (let n = 0; n < times; n++) health.report(id, null, outcome);
  };
  return { clock, config, registry, live, health, sharing, balancer, acquire, refused, serve, fail };
}

function configOf(keys: readonly WorldKey[], options: WorldOptions): AppConfig {
  return {
    dataDir: '/nonexistent',
    retry5xx: options.retry5xx ?? true,
    wait: { budgetMs: 2_000, maxWaiting: 256 },
    upstream: { baseUrl: 'http://upstream.test/v1' },
    health: { path: '/models', intervalMs: 30_000, timeoutMs: 1_000 },
    affinity: {
      sessionTtlMs: 3_600_000,
      responseTtlMs: 7_200_000,
      maxEntries: options.maxEntries ?? 1_000,
      sharedInOrganization: options.sharedInOrganization ?? false,
    },
    keys: keys.map(({ key, weight, pool, organization, maxConcurrency }, i) => ({
      apiKey: new Secret(key),
      origin: `OPENAI_API_KEYS[${i + 1}]`,
      weight: weight ?? 1,
      poolId: pool ?? null,
      organization: organization ?? null,
      maxConcurrency: maxConcurrency ?? null,
    })),
  } as unknown as AppConfig;
}
