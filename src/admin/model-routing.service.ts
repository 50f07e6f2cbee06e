import { Injectable } from '@nestjs/common';
import type { ModelAlias } from '../registry/model-alias.entity.js';
import { ProvidersService } from '../registry/providers.service.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import type { ProviderRoutingDto } from './dto/provider.dto.js';
import { ProviderRoutingService } from './provider-routing.service.js';

/** Whether an alias can be served, and if not, why. */
@Injectable()
export class ModelRoutingService {
  constructor(
    private readonly providers: ProvidersService,
    private readonly providerRouting: ProviderRoutingService,
    private readonly resources: ResourceRegistry,
  ) {}

  of({ enabled, providerId, poolId }: ModelAlias): ProviderRoutingDto {
    if (!enabled)
      return {
        active: false,
        reason: 'It is disabled: the name passes through to the upstream like any other.',
      };
    if (providerId !== null) return this.#byProvider(providerId);
    const { snapshot } = this.resources;
    if (poolId !== null && !snapshot.poolIds.includes(poolId))
      return { active: false, reason: `Its pool ${poolId} has no resources.` };
    if (snapshot.resources.length === 0) return { active: false, reason: 'There are no resources.' };
    return { active: true, reason: null };
  }

  #byProvider(id: string): ProviderRoutingDto {
    const provider = this.providers.find(id);
    if (provider === null) return { active: false, reason: `Its provider ${id} is gone.` };
    const { active, reason } = this.providerRouting.of(provider);
    return active ? { active, reason: null } : { active, reason: `Its provider ${id}: ${reason}` };
  }
}
