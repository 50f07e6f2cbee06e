import { Module } from '@nestjs/common';
import type { Logger } from 'pino';
import { BalancerModule } from '../balancer/balancer.module.js';
import { Balancer } from '../balancer/balancer.service.js';
import type { Clock } from '../common/clock.js';
import { DrainState } from '../common/drain-state.js';
import { OpenSockets } from '../common/open-sockets.js';
import { CLOCK, INSTANCE_ID, LOGGER } from '../common/tokens.js';
import { APP_CONFIG } from '../config/app-config.js';
import type { AppConfig } from '../config/app-config.js';
import { MetricsService } from '../infra/metrics/metrics.service.js';
import { ModelDirectory } from '../registry/model-directory.service.js';
import { ProxyDoor } from '../registry/proxy-door.service.js';
import { RegistryModule } from '../registry/registry.module.js';
import { RegistryStore } from '../registry/registry-store.service.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { PEERS, type Peers } from '../state/peers.js';
import { StateModule } from '../state/state.module.js';
import { TracingModule } from '../tracing/tracing.module.js';
import { TracingService } from '../tracing/tracing.service.js';
import { UpstreamClient } from '../upstream/upstream-client.js';
import { UpstreamModule } from '../upstream/upstream.module.js';
import { CaptureRoom } from '../usage/capture-room.js';
import { PriceCatalogue } from '../usage/price-catalogue.js';
import { SPOOL } from '../usage/spool.js';
import type { Spool } from '../usage/spool.js';
import { UsageModule } from '../usage/usage.module.js';
import { KeyLimits } from './limits/key-limits.js';
import { KeyUsageFollower } from './limits/key-usage-follower.service.js';
import { minuteElsewhere } from './limits/minute-elsewhere.js';
import { spentElsewhere } from './limits/used-elsewhere.js';
import { PriceList } from './price-list.js';
import { ProxyHandler } from './proxy-handler.service.js';

const createHandler = (
  config: AppConfig,
  clock: Clock,
  logger: Logger,
  balancer: Balancer,
  upstream: UpstreamClient,
  spool: Spool,
  metrics: MetricsService,
  drain: DrainState,
  openSockets: OpenSockets,
  instanceId: string,
  door: ProxyDoor,
  prices: PriceList,
  limits: KeyLimits,
  models: ModelDirectory,
  tracing: TracingService,
): ProxyHandler =>
  new ProxyHandler({
    config,
    clock,
    logger,
    balancer,
    upstream,
    spool,
    captureRoom: new CaptureRoom(config.capture.roomBytes),
    metrics,
    drain,
    openSockets,
    instanceId,
    door,
    prices,
    limits,
    models,
    traces: tracing.traces,
  });

/** A background response that was read, which may be one of the listener's. */
const RESPONSE_TOLD = 'usage.told';

/**
 * Replicas that share a Redis tell each other what keys have done within the last minute, what they have spent of their
 * budgets, and which background responses have said what they took.
 */
const createLimits = (clock: Clock, prices: PriceList, door: ProxyDoor, peers: Peers): KeyLimits => {
  const limits = new KeyLimits(clock, prices, {
    termsOf: (id) => door.termsOf(id),
    minuteElsewhere: (id) => minuteElsewhere(peers.others(), id),
    spentElsewhere: (id) => spentElsewhere(peers.others(), id),
    processes: () => 1 + peers.others().filter(({ role }) => role === 'api').length,
    onTold: (keyId, responseId) =>
      peers.post({ topic: RESPONSE_TOLD, key: responseId, body: { key_id: keyId }, ttlMs: 0 }),
  });
  peers.onNotice(RESPONSE_TOLD, ({ key: responseId, body: { key_id: keyId } }) => {
    if (typeof keyId === 'string') limits.refund(keyId, responseId);
  });
  peers.describe((telling) => ({ keyMinutes: limits.minutes(), keySpent: limits.spent(telling) }));
  return limits;
};

/** The request path. Its handler knows no framework; this is where it meets its parts. */
@Module({
  imports: [
    BalancerModule,
    RegistryModule,
    ResourcesModule,
    StateModule,
    TracingModule,
    UpstreamModule,
    UsageModule,
  ],
  providers: [
    KeyUsageFollower,
    { provide: KeyLimits, useFactory: createLimits, inject: [CLOCK, PriceList, ProxyDoor, PEERS] },
    {
      provide: PriceList,
      useFactory: (store: RegistryStore, resources: ResourceRegistry): PriceList =>
        new PriceList(new PriceCatalogue(), {
          models: () => store.rows.models,
          baseUrlOf: (id) => resources.snapshot.byId.get(id)?.baseUrl ?? null,
          baseUrls: () => new Set(resources.snapshot.resources.map(({ baseUrl }) => baseUrl)),
        }),
      inject: [RegistryStore, ResourceRegistry],
    },
    {
      provide: ProxyHandler,
      useFactory: createHandler,
      inject: [
        APP_CONFIG,
        CLOCK,
        LOGGER,
        Balancer,
        UpstreamClient,
        SPOOL,
        MetricsService,
        DrainState,
        OpenSockets,
        INSTANCE_ID,
        ProxyDoor,
        PriceList,
        KeyLimits,
        ModelDirectory,
        TracingService,
      ],
    },
  ],
  exports: [ProxyHandler, KeyUsageFollower],
})
export class ProxyModule {}
