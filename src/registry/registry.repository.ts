import { Inject, Injectable } from '@nestjs/common';
import type { EntityManager, EntityTarget, FindOneOptions, ObjectLiteral } from 'typeorm';
import type { Clock } from '../common/clock.js';
import { ProxyError } from '../common/errors.js';
import { newId } from '../common/ids.js';
import { CLOCK } from '../common/tokens.js';
import { isUniqueViolation } from '../infra/database/database-errors.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { auditChanges } from './audit-changes.js';
import { type AuditActor, AuditEntry } from './audit-entry.entity.js';
import { ClientKey } from './client-key.entity.js';
import { ModelAlias } from './model-alias.entity.js';
import { Provider } from './provider.entity.js';

/** Who makes a change, for the audit. */
export interface Author {
  readonly actor: AuditActor;
  readonly address: string | null;
}

export interface RegistryRows {
  readonly revision: string;
  readonly providers: readonly Provider[];
  readonly models: readonly ModelAlias[];
  readonly clientKeys: readonly ClientKey[];
}

/** A row of the registry. */
type Row = ObjectLiteral & { id: string };

/** Columns whose values the audit never tells. */
const SECRET_FIELDS: ReadonlySet<string> = new Set(['secret', 'digest']);

/** The registry in SQL. Each change and its audit entry are one transaction. */
@Injectable()
export class RegistryRepository {
  constructor(
    private readonly database: DatabaseService,
    @Inject(CLOCK) private readonly clock: Clock,
  ) {}

  /** Everything, with the revision it is at least as new as. Throws `database_unavailable`. */
  async load(): Promise<RegistryRows> {
    const revision = await this.revision();
    const [providers, models, clientKeys] = await this.database.find((manager) =>
      Promise.all([
        manager.find(Provider, { order: { createdAt: 'ASC', id: 'ASC' } }),
        manager.find(ModelAlias, { order: { alias: 'ASC' } }),
        manager.find(ClientKey, { order: { createdAt: 'ASC', id: 'ASC' } }),
      ]),
    );
    return { revision, providers, models, clientKeys };
  }

  /** Changes with every change: each adds an audit entry. */
  async revision(): Promise<string> {
    const rows = await this.database.readPatiently<{ count: number; last: string | null }>(
      'SELECT COUNT(*) AS "count", MAX("id") AS "last" FROM "audit_entries"',
      [],
    );
    return `${rows[0]?.count ?? 0}:${rows[0]?.last ?? ''}`;
  }

  /** That keys were used, which is no change of the registry: no audit, no new revision. Times are epoch ms. */
  async noteUse(used: readonly (readonly [keyId: string, at: number])[]): Promise<void> {
    if (used.length === 0) return;
    await this.database.transaction(async ({ manager }) => {
      for (const [id, at] of used.toSorted(([a], [b]) => (a < b ? -1 : 1)))
        await manager
          .createQueryBuilder()
          .update(ClientKey)
          .set({ lastUsedAt: at })
          .where('id = :id AND (last_used_at IS NULL OR last_used_at < :at)', { id, at })
          .execute();
    });
  }

  /** When each key was last used, by id, to about a minute. */
  async lastUsed(): Promise<Map<string, number | null>> {
    const rows = await this.database.read<{ id: string; at: number | null }>(
      'SELECT "id", "last_used_at" AS "at" FROM "client_keys"',
      [],
    );
    return new Map(rows.map(({ id, at }) => [id, at]));
  }

  /** Throws `already_exists` when one of that name or id is there. */
  async insert<T extends Row>(entity: EntityTarget<T>, row: T, action: string, by: Author): Promise<void> {
    await this.#write(async (manager) => {
      await manager.insert(entity, row);
      await this.#note(manager, action, row.id, null, row, by);
    });
  }

  /** `change` gets the row as it is and answers the fields to set. The new row, or null when there is none of that id. */
  async update<T extends Row>(
    entity: EntityTarget<T>,
    id: string,
    change: (before: T) => Partial<T>,
    action: string,
    by: Author,
  ): Promise<T | null> {
    return this.#write(async (manager) => {
      const before = await manager.findOne<T>(entity, { where: { id } as never, ...this.#lock });
      if (before === null) return null;
      const after = { ...before, ...change(before) };
      await manager.update(entity, { id }, after);
      await this.#note(manager, action, id, before, after, by);
      return after;
    });
  }

  /** The row that was there; null when there is none of that id. */
  async remove<T extends Row>(
    entity: EntityTarget<T>,
    id: string,
    action: string,
    by: Author,
  ): Promise<T | null> {
    return this.#write(async (manager) => {
      const before = await manager.findOneBy(entity, { id } as never);
      if (before === null) return null;
      await manager.delete(entity, { id });
      await this.#note(manager, action, id, before, null, by);
      return before;
    });
  }

  /** The row as it is until the change is in; on SQLite there is one writer at a time anyway. */
  get #lock(): Pick<FindOneOptions, 'lock'> {
    return this.database.dialect === 'postgres' ? { lock: { mode: 'pessimistic_write' } } : {};
  }

  async #note(
    manager: EntityManager,
    action: string,
    targetId: string,
    before: object | null,
    after: object | null,
    { actor, address }: Author,
  ): Promise<void> {
    const at = this.clock.now();
    const changes = auditChanges(before, after, SECRET_FIELDS);
    await manager.insert<ObjectLiteral>(AuditEntry, {
      id: newId('aud', at),
      at,
      actor,
      address,
      action,
      targetId,
      changes,
    });
  }

  async #write<T>(work: (manager: EntityManager) => Promise<T>): Promise<T> {
    try {
      return await this.database.transaction(({ manager }) => work(manager));
    } catch (e: unknown) {
      if (!isUniqueViolation(e)) throw e;
      throw new ProxyError(
        'already_exists',
        'One of that name or id exists already; change it, or choose another.',
        {
          cause: e,
        },
      );
    }
  }
}
