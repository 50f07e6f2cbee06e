import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { CLOCK } from '../common/tokens.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import type { ClockFacts, KeyFacts } from '../diagnosis/facts.js';
import { shownAddress } from '../diagnosis/own-address.js';
import { HEALTH_VIEW, type HealthView } from '../health/resource-health.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import type { Resource } from '../resources/resource.js';
import type { ModelList } from '../upstream/model-list-sink.js';
import { UpstreamClient } from '../upstream/upstream-client.js';

/** A Date header has whole seconds. */
const HALF_SECOND_MS = 500;

/** What is known of each key, and what its upstream says when it is asked now. */
@Injectable()
export class KeyFactsService {
  constructor(
    private readonly registry: ResourceRegistry,
    @Inject(HEALTH_VIEW) private readonly health: HealthView,
    private readonly upstream: UpstreamClient,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  async gather(): Promise<{ readonly keys: KeyFacts[]; readonly clock: ClockFacts }> {
    const offsets = new Map<string, number>();
    const keys = await Promise.all(
      this.registry.snapshot.resources.map(async (resource) => {
        const list = await this.upstream.listModels(resource, this.config.health.timeoutMs);
        if (list.serverTime !== null)
          offsets.set(hostOf(resource), this.clock.now() - list.serverTime - HALF_SECOND_MS);
        return this.#facts(resource, list);
      }),
    );
    return { keys, clock: { offsets: [...offsets].map(([of, ms]) => ({ of, ms })) } };
  }

  #facts(resource: Resource, { models }: ModelList): KeyFacts {
    const health = this.health.of(resource.id);
    return {
      id: resource.id,
      source: resource.source,
      origin: resource.origin,
      baseUrl: shownAddress(resource.baseUrl),
      poolId: resource.poolId,
      status: health.status,
      reason: health.reason,
      detail: health.detail,
      until: health.until,
      probeStatus: health.lastProbeStatus,
      probeError: health.lastProbeError,
      organization: this.registry.organizationOf(resource),
      deniedModels: health.deniedModels,
      models,
    };
  }
}

function hostOf({ baseUrl }: Resource): string {
  return new URL(baseUrl).host;
}
