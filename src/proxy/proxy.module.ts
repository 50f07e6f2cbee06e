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
import { ProxyDoor } from '../registry/proxy-door.service.js';
import { RegistryModule } from '../registry/registry.module.js';
import { RegistryStore } from '../registry/registry-store.service.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import { ResourcesModule } from '../resources/resources.module.js';
import { UpstreamClient } from '../upstream/upstream-client.js';
import { UpstreamModule } from '../upstream/upstream.module.js';
import { PriceCatalogue } from '../usage/price-catalogue.js';
import { SPOOL } from '../usage/spool.js';
import type { Spool } from '../usage/spool.js';
import { UsageModule } from '../usage/usage.module.js';
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
): ProxyHandler =>
  new ProxyHandler({
    config,
    clock,
    logger,
    balancer,
    upstream,
    spool,
    metrics,
    drain,
    openSockets,
    instanceId,
    door,
    prices,
  });

/** The request path. Its handler knows no framework; this is where it meets its parts. */
@Module({
  imports: [BalancerModule, RegistryModule, ResourcesModule, UpstreamModule, UsageModule],
  providers: [
    {
      provide: PriceList,
      useFactory: (store: RegistryStore, resources: ResourceRegistry): PriceList =>
        new PriceList(new PriceCatalogue(), {
          models: () => store.rows.models,
          baseUrlOf: (id) => resources.snapshot.byId.get(id)?.baseUrl ?? null,
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
      ],
    },
  ],
  exports: [ProxyHandler],
})
export class ProxyModule {}
