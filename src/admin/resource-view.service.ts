import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { CLOCK } from '../common/tokens.js';
import { MetricsService } from '../infra/metrics/metrics.service.js';
import { cacheHitRate } from '../usage/cache-hit-rate.js';
import { HEALTH_VIEW, type HealthView, type ResourceHealth } from '../health/resource-health.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import type { Resource } from '../resources/resource.js';
import { LIVE_STATE, type LiveState } from '../state/live-state.js';
import type { ResourceHealthDto, ResourceStateDto } from './dto/resource-state.dto.js';

type PromptFields = Pick<
  ResourceStateDto,
  'input_tokens' | 'cached_tokens' | 'cache_write_tokens' | 'cache_hit_rate' | 'recent_cache_hit_rate'
>;

const NOTHING_TOLD: PromptFields = {
  input_tokens: null,
  cached_tokens: null,
  cache_write_tokens: null,
  cache_hit_rate: null,
  recent_cache_hit_rate: null,
};

/** Resources as people see them: field by field, so that a key can never slip through. */
@Injectable()
export class ResourceViewService {
  constructor(
    private readonly registry: ResourceRegistry,
    @Inject(HEALTH_VIEW) private readonly health: HealthView,
    @Inject(LIVE_STATE) private readonly live: LiveState,
    private readonly metrics: MetricsService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  all(): ResourceStateDto[] {
    return this.registry.snapshot.resources.map((resource) => this.#view(resource));
  }

  #view(resource: Resource): ResourceStateDto {
    const health = this.health.of(resource.id);
    return {
      id: resource.id,
      pool_id: resource.poolId,
      weight: resource.weight,
      organization: this.registry.organizationOf(resource),
      source: resource.source,
      origin: resource.origin,
      health: toHealthDto(health),
      in_flight: this.live.inFlight(resource.id),
      max_concurrency: resource.maxConcurrency,
      denied_models: health.deniedModels,
      ...this.#prompts(resource.id),
    };
  }

  #prompts(resourceId: string): PromptFields {
    const tally = this.metrics.promptsOf(resourceId);
    if (tally === undefined) return NOTHING_TOLD;
    const sums = { input_tokens: tally.input, cached_tokens: tally.cached };
    const recent = tally.recent(this.clock.now());
    return {
      ...sums,
      cache_write_tokens: tally.cacheWrite,
      cache_hit_rate: cacheHitRate(sums),
      recent_cache_hit_rate: cacheHitRate({ input_tokens: recent.input, cached_tokens: recent.cached }),
    };
  }
}

export function toHealthDto(health: ResourceHealth): ResourceHealthDto {
  return {
    status: health.status,
    reason: health.reason,
    detail: health.detail,
    since: health.since,
    until: health.until,
    last_probe_at: health.lastProbeAt,
    last_probe_status: health.lastProbeStatus,
    last_probe_latency_ms: health.lastProbeLatencyMs,
    last_probe_error: health.lastProbeError,
  };
}
