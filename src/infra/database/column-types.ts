import type { ColumnOptions, ColumnType, ValueTransformer } from 'typeorm';

/**
 * The few column types every table is made of, in the spelling that SQLite and Postgres both know, so that one entity
 * set and one migration list serve both. `null` in, `null` out; absent and zero never meet.
 */
export type Dialect = 'sqlite' | 'postgres';

/** Postgres hands 64-bit integers over as strings. Ours are times, sizes and counts far below 2^53. */
const asNumber: ValueTransformer = {
  to: (value: unknown) => value,
  from: (value: unknown) => (value === null || value === undefined ? null : Number(value)),
};

/** TypeORM's SQLite driver reads `Buffer` as `blob`; `createDataSource` teaches its Postgres driver `bytea`. */
const BINARY = Buffer as unknown as ColumnType;

/** Without `nullable`, so that primary columns take them too. */
interface Plain<T extends ColumnType> {
  readonly name: string;
  readonly type: T;
  readonly transformer?: ValueTransformer;
}

export const text = (name: string): Plain<'text'> => ({ name, type: 'text' });
export const textOrNull = (name: string): ColumnOptions => ({ ...text(name), nullable: true });
export const int = (name: string): Plain<'integer'> => ({ name, type: 'integer' });
export const intOrNull = (name: string): ColumnOptions => ({ ...int(name), nullable: true });
/** Epoch milliseconds, sizes, token counts. */
export const big = (name: string): Plain<'bigint'> => ({ name, type: 'bigint', transformer: asNumber });
export const bigOrNull = (name: string): ColumnOptions => ({ ...big(name), nullable: true });
/** 0 or 1: `boolean` comes back as a number from one dialect and as a boolean from the other. */
export const flag = int;
export const flagOrNull = intOrNull;
export const binary = (name: string): ColumnOptions => ({ name, type: BINARY });

const asBoolean: ValueTransformer = {
  to: (value: unknown) => (value === null || value === undefined ? value : Number(value)),
  from: (value: unknown) => (value === null || value === undefined ? null : Number(value) !== 0),
};
const asJson: ValueTransformer = {
  to: (value: unknown) => (value === null || value === undefined ? null : JSON.stringify(value)),
  from: (value: unknown): unknown => (typeof value === 'string' ? JSON.parse(value) : null),
};
/** A flag that code sees as `boolean`. */
export const yesOrNo = (name: string): ColumnOptions => ({ name, type: 'integer', transformer: asBoolean });
/** A small document, kept as text. */
export const json = (name: string): ColumnOptions => ({ name, type: 'text', transformer: asJson });
export const jsonOrNull = (name: string): ColumnOptions => ({ ...json(name), nullable: true });
