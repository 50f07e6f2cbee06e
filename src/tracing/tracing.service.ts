import type { OnApplicationShutdown } from '@nestjs/common';
import type { Logger } from 'pino';
import { Counter } from 'prom-client';
import type { AppConfig } from '../config/app-config.js';
import type { MetricsService } from '../infra/metrics/metrics.service.js';
import type { ResourceRegistry } from '../resources/resource-registry.service.js';
import type { OtelTraces } from './otel-traces.js';
import type { RequestTraces } from './request-traces.js';
import type { UpstreamOf } from './span-plan.js';
import { tracedUpstream } from './traced-upstream.js';

/** A collector that does not answer holds up no end of a process. */
const LAST_SPANS_MS = 1_500;

export interface TracingParts {
  readonly config: Pick<AppConfig, 'tracing' | 'version'>;
  readonly logger: Logger;
  readonly instanceId: string;
  readonly metrics: MetricsService;
  readonly resources: ResourceRegistry;
}

/** Traces where they are wanted. Where they are not, OpenTelemetry is not even loaded. */
export class TracingService implements OnApplicationShutdown {
  private constructor(private readonly otel: OtelTraces | null) {}

  /** Null = off. */
  get traces(): RequestTraces | null {
    return this.otel;
  }

  static async start({
    config,
    logger,
    instanceId,
    metrics,
    resources,
  }: TracingParts): Promise<TracingService> {
    if (config.tracing === null) return new TracingService(null);
    const { OtelTraces } = await import('./otel-traces.js');
    const otel = new OtelTraces({
      ...config.tracing,
      version: config.version,
      instanceId,
      upstreamOf: upstreamsOf(resources),
      warn: (facts, message) => logger.warn(facts, message),
    });
    count(otel, metrics);
    return new TracingService(otel);
  }

  async onApplicationShutdown(): Promise<void> {
    if (this.otel === null) return;
    const late = new Promise<void>((resolve) => setTimeout(resolve, LAST_SPANS_MS).unref());
    await Promise.race([this.otel.shutdown().catch(() => undefined), late]);
  }
}

function count(otel: OtelTraces, { registry }: MetricsService): void {
  new Counter({
    name: 'rpx_trace_spans_total',
    help: 'Spans by what became of them: sent, failed (the collector did not take them), dropped (no room to wait)',
    labelNames: ['outcome'],
    registers: [registry],
    collect() {
      this.reset();
      for (const [outcome, spans] of Object.entries(otel.counts)) this.inc({ outcome }, spans);
    },
  });
}

function upstreamsOf(resources: ResourceRegistry): UpstreamOf {
  return (id) => {
    const resource = resources.snapshot.byId.get(id);
    return resource === undefined ? null : tracedUpstream(resource);
  };
}
