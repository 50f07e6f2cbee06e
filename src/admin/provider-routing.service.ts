import { Inject, Injectable } from '@nestjs/common';
import { HEALTH_VIEW, type HealthView } from '../health/resource-health.js';
import { ProviderDirectory } from '../registry/provider-directory.service.js';
import type { Provider } from '../registry/provider.entity.js';
import type { ProviderRoutingDto } from './dto/provider.dto.js';

/** Whether a registered provider gets requests, and if not, why. */
@Injectable()
export class ProviderRoutingService {
  constructor(
    private readonly directory: ProviderDirectory,
    @Inject(HEALTH_VIEW) private readonly health: HealthView,
  ) {}

  of(provider: Provider): ProviderRoutingDto {
    const { problem } = this.directory.resolve(provider);
    if (problem !== null) return { active: false, reason: problem };
    const { status, detail, reason } = this.health.of(provider.id);
    if (status === 'unhealthy') return { active: false, reason: detail ?? `It is unhealthy (${reason}).` };
    if (provider.poolId === null) return { active: true, reason: null };
    const only = `Requests that name the pool ${provider.poolId}, or none, reach it.`;
    return { active: true, reason: only };
  }
}
