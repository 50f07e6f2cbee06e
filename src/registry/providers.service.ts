import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { newId } from '../common/ids.js';
import { Secret } from '../common/secret.js';
import { CLOCK } from '../common/tokens.js';
import { Provider } from './provider.entity.js';
import { ProviderDirectory, secretPlace } from './provider-directory.service.js';
import { checkProviderId, type ProviderTerms, settleTerms } from './provider-terms.js';
import { type Author, RegistryRepository } from './registry.repository.js';
import { RegistryStore } from './registry-store.service.js';

/** Registers, changes and removes providers. All throw `database_unavailable` when SQL is away. */
@Injectable()
export class ProvidersService {
  constructor(
    private readonly repository: RegistryRepository,
    private readonly store: RegistryStore,
    private readonly directory: ProviderDirectory,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  list(): readonly Provider[] {
    return this.store.rows.providers;
  }

  find(id: string): Provider | null {
    return this.list().find((provider) => provider.id === id) ?? null;
  }

  async create(id: string | null, terms: ProviderTerms, by: Author): Promise<Provider> {
    const row = this.draft(id, terms);
    await this.repository.insert(Provider, row, 'provider.created', by);
    await this.store.changed();
    return row;
  }

  /** The row that `create` would store; checks all it checks. */
  draft(id: string | null, terms: ProviderTerms): Provider {
    if (id !== null) checkProviderId(id);
    const now = this.clock.now();
    const own = id ?? newId('prov', now);
    const { apiKey, ...settled } = settleTerms(
      terms,
      null,
      this.directory.rules,
      this.directory.variablePrefixes,
    );
    return { ...settled, id: own, secret: this.#seal(own, apiKey ?? null), createdAt: now, updatedAt: now };
  }

  /** Fields left out stay as they are. Null when there is none of that id. */
  async change(id: string, changed: Partial<ProviderTerms>, by: Author): Promise<Provider | null> {
    const row = await this.repository.update<Provider>(
      Provider,
      id,
      (before) => this.#changed(before, changed),
      'provider.updated',
      by,
    );
    if (row !== null) await this.store.changed();
    return row;
  }

  async remove(id: string, by: Author): Promise<Provider | null> {
    const removed = await this.repository.remove<Provider>(Provider, id, 'provider.deleted', by);
    if (removed !== null) await this.store.changed();
    return removed;
  }

  #changed(before: Provider, changed: Partial<ProviderTerms>): Partial<Provider> {
    // A key given in one form takes the place of the other; a header goes with the auth type that has one.
    const replaced = typeof changed.apiKey === 'string' ? { credentialRef: null } : {};
    const headless =
      changed.authType !== undefined && changed.authType !== 'header' ? { authHeader: null } : {};
    const { apiKey, ...settled } = settleTerms(
      Object.assign({}, before, { apiKey: undefined }, replaced, headless, changed),
      before,
      this.directory.rules,
      this.directory.variablePrefixes,
    );
    const kept = settled.credentialRef === null && settled.authType !== 'none' ? before.secret : null;
    const secret = apiKey === undefined ? kept : this.#seal(before.id, apiKey);
    return { ...settled, secret, updatedAt: this.clock.now() };
  }

  #seal(id: string, apiKey: string | null): string | null {
    if (apiKey === null) return null;
    const { cipher } = this.directory;
    if (cipher === null)
      throw new ProxyError(
        'invalid_parameter',
        'Set PROXY_SECRET_ENCRYPTION_KEY before registering inline API keys, or use credential_ref (env:NAME).',
        { param: 'api_key' },
      );
    return cipher.seal(new Secret(apiKey), secretPlace(id));
  }
}
