import { Module } from '@nestjs/common';
import { RegistryModule } from '../registry/registry.module.js';
import { ResourceIdentityRepository } from './resource-identity.repository.js';
import { ResourceRegistry } from './resource-registry.service.js';

/** What there is to route to. Configuration, database, clock and logger are global. */
@Module({
  imports: [RegistryModule],
  providers: [ResourceIdentityRepository, ResourceRegistry],
  exports: [ResourceRegistry],
})
export class ResourcesModule {}
