import type { Dialect } from '../infra/database/column-types.js';
import { decodeCursor } from './cursor.js';

export type ExactFilter = readonly [column: string, value: string | number | null | undefined];

/** Conditions and their parameters for one SELECT. Values only ever travel as parameters. */
export class SqlQuery {
  readonly params: unknown[] = [];
  readonly #conditions: string[] = [];
  #lookedUp = false;

  constructor(private readonly dialect: Dialect) {}

  /** Placeholder for a value. */
  param(value: unknown): string {
    this.params.push(value);
    return this.dialect === 'postgres' ? `$${this.params.length}` : `?${this.params.length}`;
  }

  equal(column: string, value: string | number | null | undefined): this {
    if (value !== null && value !== undefined)
      this.#conditions.push(`${quoted(column)} = ${this.param(value)}`);
    return this;
  }

  /**
   * Of the request that is called so: by its own id, by that of its response, or by the upstream's. The lengths are the
   * conditions of the indexes.
   */
  called(column: string, name: string | null | undefined): this {
    if (name === null || name === undefined) return this;
    const value = this.param(name);
    const others = ['response_id', 'upstream_request_id'].map(
      (one) => `UNION ALL SELECT "id" FROM "requests" WHERE "${one}" = ${value} AND length("${one}") <= 512`,
    );
    this.#conditions.push(`${quoted(column)} IN (SELECT CAST(${value} AS text) ${others.join(' ')})`);
    this.#lookedUp = true;
    return this;
  }

  /**
   * All of them; rows are looked up by the first that is given, so the rarest should stand first. SQLite would take any
   * index that fits, and so perhaps read half of a table.
   */
  exact(filters: readonly ExactFilter[]): this {
    for (const [column, value] of filters) {
      if (value === null || value === undefined) continue;
      const unindexed = this.dialect === 'sqlite' && this.#lookedUp ? '+' : '';
      this.#conditions.push(`${unindexed}${quoted(column)} = ${this.param(value)}`);
      this.#lookedUp = true;
    }
    return this;
  }

  /** A condition on other tables, made with `param`. */
  and(condition: string): this {
    this.#conditions.push(condition);
    return this;
  }

  from(column: string, value: number | null | undefined): this {
    if (value !== null && value !== undefined)
      this.#conditions.push(`${quoted(column)} >= ${this.param(value)}`);
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

  /**
   * Rows of `r` and `d` after the decision of the cursor, in a list of requests, newest first, and their attempts, last
   * first. A request may have several decisions of one attempt: the next model of an alias starts at the first again.
   */
  afterDecision(cursor: string | null | undefined): this {
    if (cursor === null || cursor === undefined) return this;
    const { at, id } = decodeCursor(cursor);
    const [request = '', attempt = '', decision = ''] = id.split('/');
    const last = this.param(request);
    this.#conditions.push(
      `("r"."started_at", "r"."id") <= (${this.param(at)}, ${last})`,
      // A cursor of another list names no attempt: its place is behind the request.
      `("r"."id" <> ${last} OR ("d"."attempt", "d"."id") < (${this.param(/^\d{1,9}$/.test(attempt) ? Number(attempt) : 0)}, ${this.param(decision)}))`,
    );
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

/** The id in the cursor that `afterDecision` takes. */
export function decisionPlace(requestId: string, attempt: number, id: string): string {
  return `${requestId}/${attempt}/${id}`;
}

/** `r.id` as `"r"."id"`. */
function quoted(column: string): string {
  return `"${column.replace('.', '"."')}"`;
}
