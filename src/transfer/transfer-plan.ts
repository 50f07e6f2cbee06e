import type { DataSource, EntityMetadata } from 'typeorm';
import type { TableSpec } from '../usage/table-writer.js';
import { NOT_MOVED, ruleFor, type TransferRule } from './transfer-rules.js';

/** One table on its way: what it consists of comes from its entity, so that a new table is moved like the others. */
export interface TransferTable extends TableSpec {
  readonly rule: TransferRule;
  /** Columns with bytes: pages of such a table are measured in bytes, not in rows. */
  readonly binary: readonly string[];
  /** Columns with whole numbers. SQLite keeps what it is given there; Postgres takes nothing else. */
  readonly numeric: readonly string[];
}

/** Totals are compared with what the requests add up to, which must be there by then. */
const LAST = ['key_usage', 'sessions'];

/** Every table with history or settings, in the order they are moved. */
export function transferPlan(dataSource: DataSource): TransferTable[] {
  const tables = dataSource.entityMetadatas.filter(({ tableName }) => !NOT_MOVED.has(tableName)).map(tableOf);
  const rank = ({ table }: TransferTable): number => LAST.indexOf(table);
  return tables.sort((a, b) => rank(a) - rank(b));
}

function tableOf(entity: EntityMetadata): TransferTable {
  const columns = entity.columns.map((column) => column.databaseName);
  const key = entity.primaryColumns.map((column) => column.databaseName);
  if (key.length === 0)
    throw new Error(`${entity.tableName} has no primary key: it cannot be moved in pages`);
  const ofType = (...types: unknown[]): string[] =>
    entity.columns.filter(({ type }) => types.includes(type)).map(({ databaseName }) => databaseName);
  const rule = ruleFor(entity.tableName, columns, key);
  return {
    table: entity.tableName,
    columns,
    key,
    onConflict: rule.onConflict,
    rule,
    binary: ofType(Buffer, 'blob', 'bytea'),
    numeric: ofType('integer', 'bigint'),
  };
}
