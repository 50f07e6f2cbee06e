import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../infra/database/database.service.js';
import type { AffinityBinding, BindingKey } from '../state/live-state.js';
import { SqlQuery } from './sql-query.js';

/** Bindings as they were recorded, for the start of a process. */
@Injectable()
export class AffinityReadModel {
  constructor(private readonly database: DatabaseService) {}

  /** Those still valid at `now` (epoch ms), newest first. Throws `database_unavailable` without a database. */
  async newest(limit: number, now: number): Promise<AffinityBinding[]> {
    const query = new SqlQuery(this.database.dialect).from('expires_at', now + 1);
    const sql = `SELECT "caller_id" AS "callerId", "kind", "id", "fingerprint", "organization",
        "cached_tokens" AS "cachedTokens", "bound_at" AS "boundAt", "expires_at" AS "expiresAt"
      FROM "affinity_bindings"${query.where} ORDER BY "bound_at" DESC LIMIT ${query.param(limit)}`;
    return this.database.readPatiently<AffinityBinding>(sql, query.params);
  }

  /** Those of `keys` that are recorded and still valid at `now`. Throws `database_unavailable` without a database. */
  async find(keys: readonly BindingKey[], now: number): Promise<AffinityBinding[]> {
    const query = new SqlQuery(this.database.dialect);
    const wanted = keys.map(
      ({ callerId, kind, id }) => `(${query.param(callerId)}, ${query.param(kind)}, ${query.param(id)})`,
    );
    // From the list to the rows: each is one step down the primary key, however many of either there are.
    const sql = `WITH "wanted" ("w_caller", "w_kind", "w_id") AS (VALUES ${wanted.join(', ')})
      SELECT "caller_id" AS "callerId", "kind", "id", "fingerprint", "organization",
        "cached_tokens" AS "cachedTokens", "bound_at" AS "boundAt", "expires_at" AS "expiresAt"
      FROM "wanted" CROSS JOIN "affinity_bindings"
      WHERE "caller_id" = "w_caller" AND "kind" = "w_kind" AND "id" = "w_id" AND "expires_at" > ${query.param(now)}`;
    return this.database.read<AffinityBinding>(sql, query.params);
  }
}
