import { Inject, Injectable } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { newId } from '../common/ids.js';
import { CLOCK } from '../common/tokens.js';
import { ClientKey } from './client-key.entity.js';
import { clientKeyDigest, newClientKey, shownPrefix } from './client-key-token.js';
import { type Author, RegistryRepository } from './registry.repository.js';
import { RegistryStore } from './registry-store.service.js';

/** What its maker decides about a key. */
export type ClientKeyTerms = Omit<
  ClientKey,
  'id' | 'digest' | 'prefix' | 'revokedAt' | 'lastUsedAt' | 'createdAt'
>;

export interface NewClientKey {
  readonly row: ClientKey;
  /** The key itself: told once, stored nowhere. */
  readonly key: string;
}

/** Gives out, changes and revokes client keys. All throw `database_unavailable` when SQL is away. */
@Injectable()
export class ClientKeysService {
  constructor(
    private readonly repository: RegistryRepository,
    private readonly store: RegistryStore,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  list(): readonly ClientKey[] {
    return this.store.rows.clientKeys;
  }

  async create(terms: ClientKeyTerms, by: Author): Promise<NewClientKey> {
    const now = this.clock.now();
    const key = newClientKey();
    const row: ClientKey = {
      ...terms,
      id: newId('key', now),
      digest: clientKeyDigest(key),
      prefix: shownPrefix(key),
      revokedAt: null,
      lastUsedAt: null,
      createdAt: now,
    };
    await this.repository.insert(ClientKey, row, 'client_key.created', by);
    await this.store.changed();
    return { row, key };
  }

  /** The key as it is now; null when there is none of that id. */
  async change(id: string, terms: Partial<ClientKeyTerms>, by: Author): Promise<ClientKey | null> {
    const row = await this.repository.update<ClientKey>(ClientKey, id, () => terms, 'client_key.updated', by);
    await this.store.changed();
    return row;
  }

  /** For good, and once: a second time changes nothing. The row stays, so that its history keeps a name. */
  async revoke(id: string, by: Author): Promise<ClientKey | null> {
    const known = this.store.rows.clientKeys.find((key) => key.id === id);
    if (known !== undefined && known.revokedAt !== null) return known;
    const revoked = (key: ClientKey) => ({ revokedAt: key.revokedAt ?? this.clock.now() });
    const row = await this.repository.update<ClientKey>(ClientKey, id, revoked, 'client_key.revoked', by);
    await this.store.changed();
    return row;
  }
}
