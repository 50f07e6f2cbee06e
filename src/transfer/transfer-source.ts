import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import sqlite3 from 'sqlite3';
import type { DataSource, QueryRunner } from 'typeorm';
import type { DatabaseConfig } from '../config/app-config.js';
import type { Dialect } from '../infra/database/column-types.js';
import { isMigrationsTableMissing } from '../infra/database/database-errors.js';
import { createDataSource, dataSourceOptions, dialectOf } from '../infra/database/data-source.js';
import { MIGRATIONS } from '../infra/database/migrations.js';
import { SqlQuery } from '../usage/sql-query.js';
import type { SqlValue } from '../usage/sql-values.js';
import { TransferError } from './transfer-error.js';
import type { TransferTable } from './transfer-plan.js';
import type { TransferRow } from './transfer-rules.js';

/** Of one page: large enough for few round trips, small enough to be held twice. */
const PAGE_ROWS = 1_000;
const PAGE_BYTES = 8 * 1024 * 1024;

type Key = readonly SqlValue[];

interface Between {
  readonly after: Key | null;
  readonly last: Key | null;
}

/** The database rows are taken from, as it was at one moment: opened for reading, never written to. */
export class TransferSource {
  private constructor(
    readonly dataSource: DataSource,
    private readonly runner: QueryRunner,
    /** Names this database in the target's notes on how far its transfer has come. */
    readonly id: string,
  ) {}

  static async open(config: DatabaseConfig, shown: string): Promise<TransferSource> {
    const dataSource = createDataSource(readOnly(config));
    try {
      if (config.kind === 'sqlite' && !existsSync(config.path)) throw new Error('there is no such file');
      await dataSource.initialize();
      const runner = dataSource.createQueryRunner();
      const source = new TransferSource(dataSource, runner, await idOf(config, shown));
      await source.#requireSchema(shown);
      await source.freeze();
      return source;
    } catch (e: unknown) {
      if (dataSource.isInitialized) await dataSource.destroy();
      if (e instanceof TransferError) throw e;
      throw new TransferError(`Cannot read the source ${shown}: ${(e as Error).message}`, { cause: e });
    }
  }

  get dialect(): Dialect {
    return dialectOf(this.dataSource);
  }

  /** From here on every read sees the same rows, whatever a proxy writes meanwhile. */
  async freeze(): Promise<void> {
    await this.runner.query(
      this.dialect === 'postgres' ? 'BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY' : 'BEGIN',
    );
  }

  /** The next freeze will see what is there then. */
  async thaw(): Promise<void> {
    await this.runner.query('COMMIT');
  }

  async count({ table }: TransferTable): Promise<number> {
    const [row] = (await this.runner.query(`SELECT COUNT(*) AS "n" FROM "${table}"`)) as { n: number }[];
    return row?.n ?? 0;
  }

  rows<Row>(sql: string): Promise<Row[]> {
    return this.runner.query(sql) as Promise<Row[]>;
  }

  /** The rows behind `after` and not behind `last`, in the order of the key. */
  async page(table: TransferTable, after: Key | null, last: Key | null = null): Promise<TransferRow[]> {
    const between = { after, last };
    const limit = table.binary.length === 0 ? PAGE_ROWS : await this.#rowsThatFit(table, between);
    return this.#select(table, table.columns.map(quote), between, limit);
  }

  async close(): Promise<void> {
    await this.thaw().catch(() => undefined); // a connection that is gone has nothing to end
    await this.runner.release();
    await this.dataSource.destroy();
  }

  /** At least one, however large it is. */
  async #rowsThatFit(table: TransferTable, between: Between): Promise<number> {
    const bytes = `${table.binary.map((column) => `COALESCE(LENGTH("${column}"), 0)`).join(' + ')} AS "bytes"`;
    const sizes = await this.#select(table, [...table.key.map(quote), bytes], between, PAGE_ROWS);
    let total = 0;
    const over = sizes.findIndex((row) => (total += Number(row['bytes'])) > PAGE_BYTES);
    return over < 0 ? PAGE_ROWS : Math.max(1, over);
  }

  async #select(
    table: TransferTable,
    columns: readonly string[],
    { after, last }: Between,
    limit: number,
  ): Promise<TransferRow[]> {
    const key = table.key.map(quote).join(', ');
    const query = new SqlQuery(this.dialect);
    const bounds = [
      [after, '>'],
      [last, '<='],
    ] as const;
    const conditions = bounds.flatMap(([bound, than]) =>
      bound === null ? [] : `(${key}) ${than} (${bound.map((value) => query.param(value)).join(', ')})`,
    );
    const where = conditions.length === 0 ? '' : ` WHERE ${conditions.join(' AND ')}`;
    const sql = `SELECT ${columns.join(', ')} FROM "${table.table}"${where} ORDER BY ${key} LIMIT ${limit}`;
    return (await this.runner.query(sql, query.params)) as TransferRow[];
  }

  /** Reading must change nothing, so a source is never migrated here. */
  async #requireSchema(shown: string): Promise<void> {
    const applied = await this.#appliedMigrations();
    const known: string[] = MIGRATIONS.map((migration) => new migration().name);
    if (applied.length === 0)
      throw new TransferError(`The source ${shown} is no database of Responses Proxy: it has no migrations.`);
    const missing = known.filter((name) => !applied.includes(name));
    if (missing.length > 0)
      throw new TransferError(
        `The source ${shown} has the schema of an older version (without ${missing.join(', ')}). ` +
          'Start `responses-proxy serve` of this version on it once, which brings it up to date, stop it, and run this again.',
      );
    const unknown = applied.filter((name) => !known.includes(name));
    if (unknown.length > 0)
      throw new TransferError(
        `The source ${shown} has the schema of a newer version (${unknown.join(', ')}). Use that version to move it.`,
      );
  }

  async #appliedMigrations(): Promise<string[]> {
    try {
      return (await this.rows<{ name: string }>('SELECT "name" FROM "migrations"')).map(({ name }) => name);
    } catch (e: unknown) {
      if (isMigrationsTableMissing(e)) return [];
      throw e;
    }
  }
}

function readOnly(config: DatabaseConfig): Parameters<typeof createDataSource>[0] {
  const options = dataSourceOptions(config);
  return options.type === 'sqlite' ? { ...options, flags: sqlite3.OPEN_READONLY } : options;
}

/** Another file in the same place is another source. */
async function idOf(config: DatabaseConfig, shown: string): Promise<string> {
  return config.kind === 'postgres' ? shown : `${shown}#${(await stat(config.path)).ino}`;
}

function quote(name: string): string {
  return `"${name}"`;
}
