import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { CLOCK } from '../common/tokens.js';
import { ModelAlias } from './model-alias.entity.js';
import { checkModelTerms, invalid, withChanges, type ModelTerms } from './model-terms.js';
import { type Author, RegistryRepository } from './registry.repository.js';
import { RegistryStore } from './registry-store.service.js';

/** Registers, changes and removes aliases of models. All throw `database_unavailable` when SQL is away. */
@Injectable()
export class ModelsService {
  constructor(
    private readonly repository: RegistryRepository,
    private readonly store: RegistryStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  list(): readonly ModelAlias[] {
    return this.store.rows.models;
  }

  find(id: string): ModelAlias | null {
    return this.list().find((model) => model.id === id) ?? null;
  }

  async create(terms: ModelTerms, by: Author): Promise<ModelAlias> {
    const row = this.draft(terms);
    await this.repository.insert(ModelAlias, row, 'model.created', by);
    await this.store.changed();
    return row;
  }

  /** The row that `create` would store; checks all it checks. */
  draft(terms: ModelTerms): ModelAlias {
    const now = this.clock.now();
    checkModelTerms(terms);
    this.#checkProvider(terms.providerId);
    return { ...terms, id: newId('mdl', now), createdAt: now, updatedAt: now };
  }

  /** Fields left out stay as they are. Null when there is none of that id. */
  async change(id: string, changed: Partial<ModelTerms>, by: Author): Promise<ModelAlias | null> {
    // An alias whose provider has gone can still be renamed and switched off.
    this.#checkProvider(changed.providerId ?? null);
    const row = await this.repository.update<ModelAlias>(
      ModelAlias,
      id,
      (before) => {
        const after = withChanges(before, changed);
        checkModelTerms(after);
        return { ...after, updatedAt: this.clock.now() };
      },
      'model.updated',
      by,
    );
    if (row !== null) await this.store.changed();
    return row;
  }

  async remove(id: string, by: Author): Promise<ModelAlias | null> {
    const removed = await this.repository.remove<ModelAlias>(ModelAlias, id, 'model.deleted', by);
    if (removed !== null) await this.store.changed();
    return removed;
  }

  #checkProvider(id: string | null): void {
    if (id === null || this.store.rows.providers.some((provider) => provider.id === id)) return;
    throw invalid('provider_id', `There is no registered provider ${JSON.stringify(id)}.`);
  }
}
