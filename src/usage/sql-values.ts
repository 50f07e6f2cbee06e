import type { Dialect } from '../infra/database/column-types.js';

export type SqlValue = string | number | Buffer | null;

/** Constants of ours as the inside of an `IN (…)`; what anybody else says is a parameter. */
export function listed(constants: readonly string[]): string {
  return constants.map((constant) => `'${constant}'`).join(', ');
}

/** Printable ASCII but for the apostrophe: between apostrophes, nothing of it can be anything but text. */
const PLAIN = /^[\x20-\x26\x28-\x7e]*$/;

/**
 * The `VALUES` of one statement. SQLite reads numbers and plain text from the statement itself: its driver takes
 * longer to bind a value than SQLite to parse it. Anything else, and everything on Postgres, is a parameter.
 */
export class SqlValues {
  readonly params: SqlValue[] = [];
  /** Joined once at the end: adding to a string makes an object each time. */
  readonly #parts: (string | number)[] = [];
  #size = 0;
  readonly #inline: boolean;

  /** `told`: places of the values of a row that the statement has. */
  constructor(
    dialect: Dialect,
    private readonly told: readonly number[],
  ) {
    this.#inline = dialect === 'sqlite';
  }

  get empty(): boolean {
    return this.#parts.length === 0;
  }

  /** Characters of text in the statement, roughly. */
  get size(): number {
    return this.#size;
  }

  get text(): string {
    return this.#parts.join('');
  }

  addRow(row: readonly SqlValue[]): void {
    this.#parts.push(this.empty ? '(' : '),(');
    for (let n = 0; n < this.told.length; n++) {
      if (n > 0) this.#parts.push(',');
      this.#add(row[this.told[n] ?? -1] ?? null);
    }
  }

  /** After the last row. */
  close(): this {
    if (!this.empty) this.#parts.push(')');
    return this;
  }

  #add(value: SqlValue): void {
    this.#size += typeof value === 'string' ? value.length + 3 : 5;
    if (this.#inline) {
      if (value === null) return void this.#parts.push('NULL');
      if (typeof value === 'number' && Number.isSafeInteger(value)) return void this.#parts.push(value);
      if (typeof value === 'string' && PLAIN.test(value)) return void this.#parts.push("'", value, "'");
    }
    this.params.push(value);
    this.#parts.push(this.#inline ? '?' : `$${this.params.length}`);
  }
}
