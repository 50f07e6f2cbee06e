import { Module } from '@nestjs/common';
import { StateModule } from '../state/state.module.js';
import { ClientKeysService } from './client-keys.service.js';
import { ModelDirectory } from './model-directory.service.js';
import { ModelsService } from './models.service.js';
import { ProviderDirectory } from './provider-directory.service.js';
import { ProvidersService } from './providers.service.js';
import { ProxyDoor } from './proxy-door.service.js';
import { RegistryRepository } from './registry.repository.js';
import { RegistryStore } from './registry-store.service.js';

/** What operators register, and who may come in. Needs DatabaseModule, config, logger and clock. */
@Module({
  imports: [StateModule],
  providers: [
    ProviderDirectory,
    ProvidersService,
    ModelDirectory,
    ModelsService,
    RegistryRepository,
    RegistryStore,
    ProxyDoor,
    ClientKeysService,
  ],
  exports: [
    ProviderDirectory,
    ProvidersService,
    ModelDirectory,
    ModelsService,
    RegistryRepository,
    RegistryStore,
    ProxyDoor,
    ClientKeysService,
  ],
})
export class RegistryModule {}
