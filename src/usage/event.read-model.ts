import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../infra/database/database.service.js';
import { type Page, pageOf } from './cursor.js';
import { SqlQuery } from './sql-query.js';

/** Something that happened to a resource or to the process. */
export interface EventItem {
  /** `evt_…` */
  readonly id: string;
  /** Epoch ms. */
  readonly at: number;
  /** Dotted: `resource.health`, `spool.adopted`, … */
  readonly kind: string;
  readonly severity: 'info' | 'warn' | 'error';
  readonly resource_id: string | null;
  readonly request_id: string | null;
  readonly message: string;
  /** Small and flat. */
  readonly data: Readonly<Record<string, string | number | boolean | null>>;
}

/** Events, newest first. Throws `database_unavailable` while there is no database. */
@Injectable()
export class EventReadModel {
  constructor(private readonly database: DatabaseService) {}

  async list(filter: { readonly limit: number; readonly cursor?: string | null }): Promise<Page<EventItem>> {
    const query = new SqlQuery(this.database.dialect).after(filter.cursor, 'at');
    const sql = `SELECT "id", "at", "kind", "severity", "resource_id", "request_id", "message", "data"
      FROM "events"${query.where} ORDER BY "at" DESC, "id" DESC LIMIT ${query.param(filter.limit + 1)}`;
    const raw = await this.database.read<Omit<EventItem, 'data'> & { data: string }>(sql, query.params);
    const rows = raw.map((row) => ({ ...row, data: JSON.parse(row.data) as EventItem['data'] }));
    return pageOf(rows, filter.limit, (row) => ({ at: row.at, id: row.id }));
  }
}
