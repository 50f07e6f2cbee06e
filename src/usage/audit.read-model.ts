import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../infra/database/database.service.js';
import type { AuditItem } from './audit-item.js';
import { type Page, pageOf } from './cursor.js';
import { SqlQuery } from './sql-query.js';

export interface AuditFilter {
  readonly limit: number;
  readonly cursor?: string | null;
  readonly action?: string | null;
  readonly target_id?: string | null;
}

/** Who changed what in the registry, newest first. Throws `database_unavailable` while there is no database. */
@Injectable()
export class AuditReadModel {
  constructor(private readonly database: DatabaseService) {}

  async list(filter: AuditFilter): Promise<Page<AuditItem>> {
    const query = new SqlQuery(this.database.dialect)
      .equal('action', filter.action)
      .equal('target_id', filter.target_id)
      .after(filter.cursor, 'at');
    const sql = `SELECT "id", "at", "actor", "address", "action", "target_id", "changes"
      FROM "audit_entries"${query.where} ORDER BY "at" DESC, "id" DESC LIMIT ${query.param(filter.limit + 1)}`;
    const raw = await this.database.read<Omit<AuditItem, 'changes'> & { changes: string }>(sql, query.params);
    const rows = raw.map((row) => ({ ...row, changes: JSON.parse(row.changes) as AuditItem['changes'] }));
    return pageOf(rows, filter.limit, (row) => ({ at: row.at, id: row.id }));
  }
}
