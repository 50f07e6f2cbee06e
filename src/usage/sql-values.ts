import type { Dialect } from '../infra/database/column-types.js';

export type SqlValue = string | number | Buffer | null;

/** Printable ASCII but for the apostrophe: between apostrophes, nothing of it can be anything but text. */
const PLAIN = /^[\x20-\x26\x28-\x7e]*$/;

/**
 * The `VALUES` of one statement. SQLite reads numbers and plain text from the statement itself: its driver takes three
 * times as long to bind a value than SQLite to parse it. Anything else, and everything on Postgres, is a parameter.
 */
export class SqlValues {
  readonly params: SqlValue[] = [];
  #text = '';
  readonly #inline: boolean;

  constructor(dialect: Dialect) {
    this.#inline = dialect === 'sqlite';
  }

  get text(): string {
    return this.#text;
  }

  addRow(row: readonly SqlValue[]): void {
    let tuple = this.#text === '' ? '(' : ',(';
    for (let column = 0; column < row.length; column++) {
      if (column > 0) tuple += ',';
      tuple += this.#value(row[column] ?? null);
    }
    this.#text += `${tuple})`;
  }

  #value(value: SqlValue): string {
    if (this.#inline) {
      if (value === null) return 'NULL';
      if (Number.isSafeInteger(value)) return String(value);
      if (typeof value === 'string' && PLAIN.test(value)) return `'${value}'`;
    }
    this.params.push(value);
    return this.#inline ? '?' : `$${this.params.length}`;
  }
}
