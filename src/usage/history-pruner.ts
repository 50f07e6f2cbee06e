import { setTimeout as pause } from 'node:timers/promises';
import type { AppConfig } from '../config/app-config.js';
import type { DatabaseService } from '../infra/database/database.service.js';
import { HOUR_MS } from './hour-totals.js';
import { RETENTION_RULES, type RetentionRule } from './retention-rules.js';
import { SqlQuery } from './sql-query.js';
import { ALL_SUMMED, sumHours, type UnsummedHours } from './unsummed-hours.js';

const NO_SUCH_TABLE = /no such table|relation .* does not exist/;

export interface PruneProgress {
  readonly table: string;
  /** Of this table so far. */
  readonly deleted: number;
}

export interface OldRows {
  readonly rows: number;
  /** Epoch ms: what is older goes. */
  readonly before: number;
}

/**
 * Between two batches on SQLite, which has one writer at a time and no queue: back to back the next batch has the lock
 * before those who wait look again. Measured on 100,000 rows, a writer of another process waited 104 ms at most and 3.1
 * on average without this, 73 and 1.3 with it.
 */
const BREATH_MS = 25;
const DAY_MS = 86_400_000;

/** As much of a database as counting needs. */
export type CountedDatabase = Pick<DatabaseService, 'dialect' | 'readPatiently'>;

/** Rows that are too old at `now` (epoch ms), by table; a table that this schema does not have is left out. */
export async function countOldRows(
  database: CountedDatabase,
  policy: AppConfig['retention'],
  now: number,
): Promise<Record<string, OldRows>> {
  const found: Record<string, OldRows> = {};
  for (const rule of RETENTION_RULES) {
    const before = now - rule.age(policy);
    const query = new SqlQuery(database.dialect);
    const sql = `SELECT COUNT(*) AS "rows" FROM "${rule.table}" WHERE "${rule.column}" < ${query.param(before)}`;
    try {
      const [row] = await database.readPatiently<{ rows: number }>(sql, query.params);
      found[rule.table] = { rows: row?.rows ?? 0, before };
    } catch (e: unknown) {
      if (!NO_SUCH_TABLE.test(e instanceof Error ? e.message : '')) throw e;
    }
  }
  return found;
}

/**
 * Deletes rows older than the operator wants to keep, in batches that no writer of history feels. What the sums of hours
 * lack of them is added first: they may be kept for longer. Requests of hours that cannot be summed stay until they are, or
 * are twice as old as they should get; everything else goes, so a disk without room for sums gets some.
 */
export class HistoryPruner {
  #stopped = false;
  #unsummed = ALL_SUMMED;

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

  /** Of the last run. */
  get unsummed(): UnsummedHours {
    return this.#unsummed;
  }

  /** Rows deleted, by table. */
  async prune(
    now: number,
    onProgress: (progress: PruneProgress) => void = () => undefined,
  ): Promise<Record<string, number>> {
    const due = now - this.policy.days * DAY_MS;
    this.#unsummed = await sumHours(this.database, now, due, () => this.#stopped);
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
      await pause(this.database.dialect === 'sqlite' ? BREATH_MS : 0);
    }
    return total;
  }

  async #pruneBatch(rule: RetentionRule, before: number): Promise<number> {
    const key = rule.key.map((column) => `"${column}"`).join(', ');
    const query = new SqlQuery(this.database.dialect);
    const kept = rule.summed === true ? this.#kept(query, rule.column, before - rule.age(this.policy)) : '';
    const old = `SELECT ${key} FROM "${rule.table}" WHERE "${rule.column}" < ${query.param(before)}${kept}
      ORDER BY "${rule.column}" LIMIT ${query.param(rule.batch)}`;
    const sql = `DELETE FROM "${rule.table}" WHERE (${key}) IN (${old})`;
    const result = await this.database.transaction((runner) => runner.query(sql, query.params, true));
    return result.affected ?? 0;
  }

  /** Not for ever: at twice its age a request goes whether it is in the sums or not. */
  #kept(query: SqlQuery, column: string, longest: number): string {
    const { hours, from } = this.#unsummed;
    const later = from === null ? [] : [`"${column}" < ${query.param(from)}`];
    const others = hours.map(
      (hour) => `NOT ("${column}" >= ${query.param(hour)} AND "${column}" < ${query.param(hour + HOUR_MS)})`,
    );
    const summed = [...later, ...others];
    if (summed.length === 0) return '';
    return ` AND ("${column}" < ${query.param(longest)} OR (${summed.join(' AND ')}))`;
  }
}
