import type { Dialect } from '../infra/database/column-types.js';
import { decodeCursor } from './cursor.js';

export type ExactFilter = readonly [column: string, value: string | number | null | undefined];

/** Conditions and their parameters for one SELECT. Values only ever travel as parameters. */
export class SqlQuery {
  readonly params: unknown[] = [];
  readonly #conditions: string[] = [];

  constructor(private readonly dialect: Dialect) {}

  /** Placeholder for a value. */
  param(value: unknown): string {
    this.params.push(value);
    return this.dialect === 'postgres' ? `$${this.params.length}` : `?${this.params.length}`;
  }

  equal(column: string, value: string | number | null | undefined): this {
    if (value !== null && value !== undefined) this.#conditions.push(`"${column}" = ${this.param(value)}`);
    return this;
  }

  /**
   * All of them; rows are looked up by the first that is given, so the rarest should stand first. SQLite would take any
   * index that fits, and so perhaps read half of a table.
   */
  exact(filters: readonly ExactFilter[]): this {
    const [lookedUp, ...others] = filters.filter(([, value]) => value !== null && value !== undefined);
    if (lookedUp !== undefined) this.equal(...lookedUp);
    const unindexed = this.dialect === 'sqlite' ? '+' : '';
    for (const [column, value] of others)
      this.#conditions.push(`${unindexed}"${column}" = ${this.param(value)}`);
    return this;
  }

  from(column: string, value: number | null | undefined): this {
    if (value !== null && value !== undefined) this.#conditions.push(`"${column}" >= ${this.param(value)}`);
    return this;
  }

  before(column: string, value: number): this {
    this.#conditions.push(`"${column}" < ${this.param(value)}`);
    return this;
  }

  /** Rows after the cursor in a list sorted by `column` and id, newest first. Throws `invalid_parameter`. */
  after(cursor: string | null | undefined, column: string): this {
    if (cursor !== null && cursor !== undefined) {
      const { at, id } = decodeCursor(cursor);
      this.#conditions.push(`("${column}", "id") < (${this.param(at)}, ${this.param(id)})`);
    }
    return this;
  }

  /** Rows after that one in a list sorted by id and caller. */
  behind(row: { readonly id: string; readonly caller_id: string } | undefined): this {
    if (row !== undefined)
      this.#conditions.push(`("id", "caller_id") > (${this.param(row.id)}, ${this.param(row.caller_id)})`);
    return this;
  }

  /** ` WHERE …`, or nothing. */
  get where(): string {
    return this.#conditions.length === 0 ? '' : ` WHERE ${this.#conditions.join(' AND ')}`;
  }
}
