import { setImmediate as yieldToLoop } from 'node:timers/promises';
import type { AppConfig } from '../config/app-config.js';
import type { DatabaseService } from '../infra/database/database.service.js';
import { RETENTION_RULES, type RetentionRule } from './retention-rules.js';
import { SqlQuery } from './sql-query.js';

export interface PruneProgress {
  readonly table: string;
  /** Of this table so far. */
  readonly deleted: number;
}

/** Deletes rows older than the operator wants to keep, in batches that no writer of history feels. */
export class HistoryPruner {
  #stopped = false;

  constructor(
    private readonly database: Pick<DatabaseService, 'dialect' | 'readPatiently' | 'transaction'>,
    private readonly policy: AppConfig['retention'],
  ) {}

  /** After the batch that runs. */
  stop(): void {
    this.#stopped = true;
  }

  get stopped(): boolean {
    return this.#stopped;
  }

  /** Rows that are too old at `now` (epoch ms), by table. */
  async count(now: number): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    for (const rule of RETENTION_RULES) {
      const query = new SqlQuery(this.database.dialect);
      const sql = `SELECT COUNT(*) AS "rows" FROM "${rule.table}" WHERE "${rule.column}" < ${query.param(now - rule.age(this.policy))}`;
      const [row] = await this.database.readPatiently<{ rows: number }>(sql, query.params);
      counts[rule.table] = row?.rows ?? 0;
    }
    return counts;
  }

  /** Rows deleted, by table. */
  async prune(
    now: number,
    onProgress: (progress: PruneProgress) => void = () => undefined,
  ): Promise<Record<string, number>> {
    const deleted: Record<string, number> = {};
    for (const rule of RETENTION_RULES) {
      deleted[rule.table] = await this.#pruneTable(rule, now - rule.age(this.policy), onProgress);
    }
    return deleted;
  }

  async #pruneTable(
    rule: RetentionRule,
    before: number,
    onProgress: (progress: PruneProgress) => void,
  ): Promise<number> {
    let total = 0;
    while (!this.#stopped) {
      const count = await this.#pruneBatch(rule, before);
      total += count;
      onProgress({ table: rule.table, deleted: total });
      if (count < rule.batch) break;
      await yieldToLoop();
    }
    return total;
  }

  async #pruneBatch(rule: RetentionRule, before: number): Promise<number> {
    const key = rule.key.map((column) => `"${column}"`).join(', ');
    const query = new SqlQuery(this.database.dialect);
    const old = `SELECT ${key} FROM "${rule.table}" WHERE "${rule.column}" < ${query.param(before)}
      ORDER BY "${rule.column}" LIMIT ${query.param(rule.batch)}`;
    const sql = `DELETE FROM "${rule.table}" WHERE (${key}) IN (${old})`;
    const result = await this.database.transaction((runner) => runner.query(sql, query.params, true));
    return result.affected ?? 0;
  }
}
