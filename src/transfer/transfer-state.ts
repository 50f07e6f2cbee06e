import type { QueryRunner } from 'typeorm';
import type { DatabaseService } from '../infra/database/database.service.js';
import { SqlQuery } from '../usage/sql-query.js';
import type { SqlValue } from '../usage/sql-values.js';

/** How far one table has come. */
export interface TransferPosition {
  /** Key of the last row that the target has; null before the first. */
  readonly after: readonly SqlValue[] | null;
  readonly rows: number;
}

const BEGINNING: TransferPosition = { after: null, rows: 0 };
const TABLE = 'data_transfers';

/**
 * Where a transfer that was killed goes on, kept in the target and written with the rows it speaks of: a position is
 * never ahead of its rows. The table is no part of the schema; it is there only while a transfer is unfinished.
 */
export class TransferState {
  readonly #positions = new Map<string, TransferPosition>();

  private constructor(
    private readonly target: DatabaseService,
    private readonly source: string,
  ) {}

  static async open(target: DatabaseService, source: string): Promise<TransferState> {
    const state = new TransferState(target, source);
    await target.transaction((runner) =>
      runner.query(`CREATE TABLE IF NOT EXISTS "${TABLE}" ("source" text NOT NULL, "table" text NOT NULL,
        "position" text NOT NULL, PRIMARY KEY ("source", "table"))`),
    );
    const query = new SqlQuery(target.dialect).equal('source', source);
    const rows = await target.read<{ table: string; position: string }>(
      `SELECT "table", "position" FROM "${TABLE}"${query.where}`,
      query.params,
    );
    for (const { table, position } of rows)
      state.#positions.set(table, JSON.parse(position) as TransferPosition);
    return state;
  }

  /** Whether an earlier run has left something to go on from. */
  get resumed(): boolean {
    return this.#positions.size > 0;
  }

  of(table: string): TransferPosition {
    return this.#positions.get(table) ?? BEGINNING;
  }

  /** In the transaction that writes the rows. */
  async save(runner: QueryRunner, table: string, position: TransferPosition): Promise<void> {
    const query = new SqlQuery(this.target.dialect);
    const values = [this.source, table, JSON.stringify(position)].map((value) => query.param(value));
    await runner.query(
      `INSERT INTO "${TABLE}" ("source", "table", "position") VALUES (${values.join(', ')})
        ON CONFLICT ("source", "table") DO UPDATE SET "position" = excluded."position"`,
      query.params,
    );
  }

  /** The next run begins at the beginning, and finds what is new. */
  async clear(): Promise<void> {
    this.#positions.clear();
    await this.target.transaction(async (runner) => {
      const query = new SqlQuery(this.target.dialect).equal('source', this.source);
      await runner.query(`DELETE FROM "${TABLE}"${query.where}`, query.params);
      const left = (await runner.query(`SELECT 1 FROM "${TABLE}" LIMIT 1`)) as unknown[];
      if (left.length === 0) await runner.query(`DROP TABLE "${TABLE}"`);
    });
  }
}
