import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Gauge } from 'prom-client';
import { MetricsService } from '../infra/metrics/metrics.service.js';
import { LIVE_STATE, type LiveState } from '../state/live-state.js';
import { HEALTH_STATUSES } from './dto/resource-state.dto.js';
import { ProcessViewService } from './process-view.service.js';
import { ResourceViewService } from './resource-view.service.js';

/** Values that exist anyway and are read when Prometheus asks: nothing is counted up and down for them. */
@Injectable()
export class GaugesService implements OnModuleInit {
  constructor(
    private readonly metrics: MetricsService,
    private readonly resources: ResourceViewService,
    private readonly process: ProcessViewService,
    @Inject(LIVE_STATE) private readonly live: LiveState,
  ) {}

  onModuleInit(): void {
    this.#plain('rpx_in_flight', 'Exchanges open in this process', () => this.live.localInFlight);
    this.#plain('rpx_spool_pending', 'Records that wait for SQL', () => this.process.spool().pending);
    this.#plain('rpx_affinity_bindings', 'Bindings in memory', () => this.live.bindingCount);
    this.#resourceInFlight();
    this.#resourceHealth();
  }

  #plain(name: string, help: string, read: () => number): void {
    new Gauge({
      name,
      help,
      registers: [this.metrics.registry],
      collect() {
        this.set(read());
      },
    });
  }

  #resourceInFlight(): void {
    const { resources } = this;
    new Gauge({
      name: 'rpx_resource_in_flight',
      help: 'Exchanges open on a resource',
      labelNames: ['resource'],
      registers: [this.metrics.registry],
      collect() {
        this.reset();
        for (const resource of resources.all()) this.set({ resource: resource.id }, resource.in_flight);
      },
    });
  }

  #resourceHealth(): void {
    const { resources } = this;
    new Gauge({
      name: 'rpx_resource_health',
      help: '1 for the state a resource is in, 0 for the others',
      labelNames: ['resource', 'status'],
      registers: [this.metrics.registry],
      collect() {
        this.reset();
        for (const resource of resources.all()) {
          for (const status of HEALTH_STATUSES) {
            this.set({ resource: resource.id, status }, resource.health.status === status ? 1 : 0);
          }
        }
      },
    });
  }
}
