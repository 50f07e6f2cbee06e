import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { DatabaseService } from '../infra/database/database.service.js';
import { assignIds } from './assign-ids.js';
import type { KnownIdentity } from './known-identity.js';
import { ResourceIdentity } from './resource-identity.entity.js';

const CLAIM_ROUNDS = 5;

/** Which id each key has, in SQL: shared by all replicas, never forgotten. */
@Injectable()
export class ResourceIdentityRepository {
  constructor(private readonly database: DatabaseService) {}

  get ready(): boolean {
    return this.database.ready;
  }

  /**
   * Makes sure that every key has an id and answers all identities ever given. `cached` are those this process
   * remembers from another time; where SQL says something else, SQL is right. Two replicas that start together may
   * want the same number for different keys: the unique index lets one have it, and the other asks again.
   */
  async claim(
    cached: readonly KnownIdentity[],
    keysInOrder: readonly string[],
    now: number,
  ): Promise<KnownIdentity[]> {
    for (let round = 1; ; round++) {
      const all = await this.database.transaction(({ manager }) =>
        claimOnce(manager, cached, keysInOrder, now),
      );
      const given = new Set(all.map((identity) => identity.fingerprint));
      if (keysInOrder.every((fingerprint) => given.has(fingerprint))) return all;
      if (round === CLAIM_ROUNDS)
        throw new Error('resource ids could not be claimed: other replicas were faster');
    }
  }

  async setOrganization(fingerprint: string, organization: string): Promise<void> {
    await this.database.transaction(({ manager }) =>
      manager
        .createQueryBuilder()
        .update(ResourceIdentity)
        .set({ organization })
        .where({ fingerprint })
        .execute(),
    );
  }
}

async function claimOnce(
  manager: EntityManager,
  cached: readonly KnownIdentity[],
  keysInOrder: readonly string[],
  now: number,
): Promise<KnownIdentity[]> {
  const before = await manager.find(ResourceIdentity);
  const stored = new Set(before.map((row) => row.fingerprint));
  const remembered = cached.filter((identity) => !stored.has(identity.fingerprint));
  const known = new Map([...before, ...remembered].map((one) => [one.fingerprint, one.resourceId]));
  const ids = assignIds(known, [...keysInOrder, ...remembered.map((identity) => identity.fingerprint)]);
  const organizations = new Map(remembered.map((one) => [one.fingerprint, one.organization]));
  const missing = [...ids].filter(([fingerprint]) => !stored.has(fingerprint));
  if (missing.length > 0) {
    const rows = missing.map(([fingerprint, resourceId]) => ({
      fingerprint,
      resourceId,
      organization: organizations.get(fingerprint) ?? null,
      firstSeenAt: now,
      lastSeenAt: now,
    }));
    await manager.createQueryBuilder().insert().into(ResourceIdentity).values(rows).orIgnore().execute();
  }
  await markSeen(manager, keysInOrder, now);
  return manager.find(ResourceIdentity);
}

async function markSeen(manager: EntityManager, fingerprints: readonly string[], now: number): Promise<void> {
  if (fingerprints.length === 0) return;
  await manager
    .createQueryBuilder()
    .update(ResourceIdentity)
    .set({ lastSeenAt: now })
    .where('fingerprint IN (:...fingerprints)', { fingerprints })
    .execute();
}
