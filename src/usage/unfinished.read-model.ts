import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../infra/database/database.service.js';
import { SqlQuery } from './sql-query.js';

export interface UnfinishedRequest {
  readonly id: string;
  readonly started_at: number;
  readonly resource_id: string | null;
}

/** Requests that a process started and has not finished, according to SQL. */
@Injectable()
export class UnfinishedReadModel {
  constructor(private readonly database: DatabaseService) {}

  async ofInstance(instanceId: string, limit: number): Promise<UnfinishedRequest[]> {
    const query = new SqlQuery(this.database.dialect)
      .equal('state', 'in_progress')
      .equal('instance_id', instanceId);
    const sql = `SELECT "id", "started_at", "resource_id" FROM "requests"${query.where} LIMIT ${query.param(limit)}`;
    return this.database.readPatiently<UnfinishedRequest>(sql, query.params);
  }
}
