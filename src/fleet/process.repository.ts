import { Injectable } from '@nestjs/common';
import { DatabaseService } from '../infra/database/database.service.js';
import { ProcessRow } from './process-row.entity.js';

/** Rows of processes that ended stay until retention takes them; nobody needs to read them all. */
const NEWEST = 200;

/** Who uses this database, and which one it is. */
@Injectable()
export class ProcessRepository {
  constructor(private readonly database: DatabaseService) {}

  get ready(): boolean {
    return this.database.ready;
  }

  onReady(listener: () => void): void {
    this.database.onReady(listener);
  }

  async databaseId(): Promise<string | null> {
    const [row] = await this.database.read<{ id: string }>('SELECT id FROM database_identity', []);
    return row?.id ?? null;
  }

  /** Writes this process down and answers the others, the last seen first. */
  async beat(self: ProcessRow): Promise<ProcessRow[]> {
    return this.database.transaction(async ({ manager }) => {
      await manager.upsert(ProcessRow, self, ['instanceId']);
      const rows = await manager.find(ProcessRow, { order: { seenAt: 'DESC' }, take: NEWEST });
      return rows.filter((row) => row.instanceId !== self.instanceId);
    });
  }
}
