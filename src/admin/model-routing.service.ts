import { Inject, Injectable } from '@nestjs/common';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import type { ModelAlias } from '../registry/model-alias.entity.js';
import { ProvidersService } from '../registry/providers.service.js';
import { ResourceRegistry } from '../resources/resource-registry.service.js';
import type { ProviderRoutingDto } from './dto/provider.dto.js';
import { ProviderRoutingService } from './provider-routing.service.js';
import { ResourceStandingService } from './resource-standing.service.js';

/** A pool may have hundreds; these stand for the rest. */
const MOST_NAMED = 5;

/** Whether an alias can be served, and if not, why. */
@Injectable()
export class ModelRoutingService {
  constructor(
    private readonly providers: ProvidersService,
    private readonly providerRouting: ProviderRoutingService,
    private readonly resources: ResourceRegistry,
    private readonly standing: ResourceStandingService,
    @Inject(APP_CONFIG) private readonly config: AppConfig,
  ) {}

  of({ enabled, providerId, poolId }: ModelAlias): ProviderRoutingDto {
    if (!this.config.registryRouting)
      return { active: false, reason: 'Aliases are stored only: PROXY_REGISTRY_ROUTING is off.' };
    if (!enabled)
      return {
        active: false,
        reason: 'It is disabled: the name passes through to the upstream like any other.',
      };
    if (providerId !== null) return this.#byProvider(providerId);
    return this.#byPool(poolId);
  }

  #byPool(poolId: string | null): ProviderRoutingDto {
    const all = this.resources.snapshot.resources;
    const members = poolId === null ? all : all.filter((one) => one.poolId === poolId);
    if (members.length === 0)
      return {
        active: false,
        reason: poolId === null ? 'There are no resources.' : `Its pool ${poolId} has no resources.`,
      };
    const problems: string[] = [];
    for (const one of members) {
      const problem = this.standing.problemOf(one);
      if (problem === null) return { active: true, reason: null };
      if (problems.length < MOST_NAMED) problems.push(`${one.id}: ${problem}`);
    }
    const where = poolId === null ? 'No resource' : `No resource of its pool ${poolId}`;
    const rest = members.length > problems.length ? ` And ${members.length - problems.length} more.` : '';
    return { active: false, reason: `${where} may serve now. ${problems.join(' ')}${rest}` };
  }

  #byProvider(id: string): ProviderRoutingDto {
    const provider = this.providers.find(id);
    if (provider === null) return { active: false, reason: `Its provider ${id} is gone.` };
    const { active, reason } = this.providerRouting.of(provider);
    return active ? { active, reason: null } : { active, reason: `Its provider ${id}: ${reason}` };
  }
}
