import { Injectable } from '@nestjs/common';
import { ProviderDirectory } from '../registry/provider-directory.service.js';
import type { Provider } from '../registry/provider.entity.js';
import type { ProviderRoutingDto } from './dto/provider.dto.js';
import { ResourceStandingService } from './resource-standing.service.js';

/** Whether a registered provider gets requests, and if not, why. */
@Injectable()
export class ProviderRoutingService {
  constructor(
    private readonly directory: ProviderDirectory,
    private readonly standing: ResourceStandingService,
  ) {}

  of(provider: Provider): ProviderRoutingDto {
    const { problem } = this.directory.resolve(provider);
    if (problem !== null) return { active: false, reason: problem };
    const now = this.standing.problemOf(provider);
    if (now !== null) return { active: false, reason: now };
    if (provider.poolId === null) return { active: true, reason: null };
    const only = `Requests that name the pool ${provider.poolId}, or none, reach it.`;
    return { active: true, reason: only };
  }
}
