import { Inject, Injectable } from '@nestjs/common';
import type { AliasPin } from '../common/alias-pin.js';
import { APP_CONFIG, type AppConfig } from '../config/app-config.js';
import type { ModelAlias } from './model-alias.entity.js';
import type { RegistryRows } from './registry.repository.js';
import { RegistryStore } from './registry-store.service.js';

/** The aliases that requests may name, as this process knows them: a look-up is one table access. None are while the registry is stored only. */
@Injectable()
export class ModelDirectory {
  #byAlias: ReadonlyMap<string, ModelAlias> = new Map();
  #pools: ReadonlyMap<string, string | null> = new Map();

  constructor(store: RegistryStore, @Inject(APP_CONFIG) config: Pick<AppConfig, 'registryRouting'>) {
    if (!config.registryRouting) return;
    this.#follow(store.rows);
    store.subscribe((rows) => this.#follow(rows));
  }

  /** By alias. */
  get enabled(): readonly ModelAlias[] {
    return [...this.#byAlias.values()];
  }

  find(name: string | null): ModelAlias | null {
    return name === null ? null : (this.#byAlias.get(name) ?? null);
  }

  pinOf(name: string | null): AliasPin | null {
    const model = this.find(name);
    if (model === null) return null;
    const { alias, upstreamId, providerId } = model;
    const poolId = providerId === null ? model.poolId : (this.#pools.get(providerId) ?? null);
    return { alias, upstreamId, resourceId: providerId, poolId };
  }

  #follow({ models, providers }: RegistryRows): void {
    this.#byAlias = new Map(models.filter((one) => one.enabled).map((one) => [one.alias, one]));
    this.#pools = new Map(providers.map(({ id, poolId }) => [id, poolId]));
  }
}
