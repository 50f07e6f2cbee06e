import { Inject, Injectable } from '@nestjs/common';
import { HEALTH_VIEW, type HealthView, type ResourceHealth } from '../health/resource-health.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import type { Resource } from '../resources/resource.js';
import { LIVE_STATE, type LiveState } from '../state/live-state.js';
import type { ResourceHealthDto, ResourceStateDto } from './dto/resource-state.dto.js';

/** Resources as people see them: field by field, so that a key can never slip through. */
@Injectable()
export class ResourceViewService {
  constructor(
    private readonly registry: ResourceRegistry,
    @Inject(HEALTH_VIEW) private readonly health: HealthView,
    @Inject(LIVE_STATE) private readonly live: LiveState,
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
    };
  }
}

function toHealthDto(health: ResourceHealth): ResourceHealthDto {
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
