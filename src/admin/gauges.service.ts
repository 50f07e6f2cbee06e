import { Inject, Injectable, type OnModuleInit } from '@nestjs/common';
import { Counter, Gauge } from 'prom-client';
import { MetricsService } from '../infra/metrics/metrics.service.js';
import { LIVE_STATE, type LiveState } from '../state/live-state.js';
import { PROBLEM_CODES } from './dto/fleet.dto.js';
import { HEALTH_STATUSES } from './dto/resource-state.dto.js';
import { FleetViewService } from './fleet-view.service.js';
import { ProcessViewService } from './process-view.service.js';
import { ResourceViewService } from './resource-view.service.js';

/** Values that exist anyway and are read when Prometheus asks: nothing is counted up and down for them. */
@Injectable()
export class GaugesService implements OnModuleInit {
  constructor(
    private readonly metrics: MetricsService,
    private readonly resources: ResourceViewService,
    private readonly process: ProcessViewService,
    private readonly fleet: FleetViewService,
    @Inject(LIVE_STATE) private readonly live: LiveState,
  ) {}

  onModuleInit(): void {
    this.#plain('rpx_in_flight', 'Exchanges open in this process', () => this.live.localInFlight);
    this.#plain(
      'rpx_spool_pending',
      'Records on this disk that wait for SQL',
      () => this.process.spool().pending,
    );
    this.#plain('rpx_capture_degraded', '1 while not everything is kept', () =>
      this.process.spool().capture_degraded ? 1 : 0,
    );
    this.#shed();
    this.#plain(
      'rpx_queue_depth',
      'Records that wait for SQL, all processes',
      () => this.fleet.now().queue_depth,
    );
    this.#plain(
      'rpx_fleet_in_flight',
      'Exchanges open in all replicas',
      () => this.fleet.now().fleet_in_flight,
    );
    this.#plain('rpx_affinity_bindings', 'Bindings in memory', () => this.live.bindingCount);
    this.#peers();
    this.#redis();
    this.#problems();
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

  #shed(): void {
    const { process } = this;
    new Counter({
      name: 'rpx_spool_shed_total',
      help: 'Records given up because the disk had no room for them',
      labelNames: ['kind'],
      registers: [this.metrics.registry],
      collect() {
        this.reset();
        for (const [kind, count] of Object.entries(process.shed())) this.inc({ kind }, count);
      },
    });
  }

  #peers(): void {
    const { fleet } = this;
    new Gauge({
      name: 'rpx_peers',
      help: 'Processes of this installation that live, this one included',
      labelNames: ['role'],
      registers: [this.metrics.registry],
      collect() {
        for (const role of ['api', 'worker'] as const) this.set({ role }, fleet.count(role));
      },
    });
  }

  /** Without a sample where no Redis is configured: there is nothing to be down. */
  #redis(): void {
    const { fleet } = this;
    if (fleet.redisUp === null) return;
    this.#plain('rpx_redis_up', '1 while the shared Redis answers', () => (fleet.redisUp === true ? 1 : 0));
    new Counter({
      name: 'rpx_redis_foreign_values_total',
      help: 'Values met in Redis that are none of this program, and passed over',
      registers: [this.metrics.registry],
      collect() {
        this.reset();
        this.inc(fleet.foreignValues);
      },
    });
  }

  #problems(): void {
    const { fleet } = this;
    new Gauge({
      name: 'rpx_fleet_problem',
      help: '1 for what does not fit together and a person must mend, 0 otherwise',
      labelNames: ['problem'],
      registers: [this.metrics.registry],
      collect() {
        const { problems } = fleet.now();
        for (const code of PROBLEM_CODES)
          this.set({ problem: code }, problems.some((one) => one.code === code) ? 1 : 0);
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
