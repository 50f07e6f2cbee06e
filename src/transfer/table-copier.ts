import { setTimeout as sleep } from 'node:timers/promises';
import { ProxyError } from '../common/errors.js';
import { isDatabaseBlocked } from '../infra/database/database-errors.js';
import type { DatabaseService } from '../infra/database/database.service.js';
import { recountKeyUsage } from '../usage/key-usage-merge.js';
import { recountSessions } from '../usage/session-merge.js';
import type { SqlValue } from '../usage/sql-values.js';
import { upsertRows } from '../usage/table-writer.js';
import { unequalRows } from './read-back.js';
import { storableRow } from './storable.js';
import { TransferError } from './transfer-error.js';
import type { TransferTable } from './transfer-plan.js';
import type { TransferRow } from './transfer-rules.js';
import type { TransferSource } from './transfer-source.js';
import type { TransferPosition, TransferState } from './transfer-state.js';

/** A target that is away for a moment is waited for. */
const PATIENCE_MS = 60_000;
const PAUSE_MS = 500;
const FULL = /SQLITE_FULL|disk is full|No space left|could not extend file/i;

export interface CopyResult {
  readonly table: string;
  readonly rows: number;
  /** Rows that no database takes, by key, with the reason. */
  readonly refused: readonly string[];
  /** Rows the target has otherwise than the source, by key. */
  readonly different: readonly string[];
}

/**
 * Moves one table: a page of rows, and how far they reach, in one transaction each; then looks whether they arrived. What
 * an earlier run has moved is compared with what the source has by now.
 */
export class TableCopier {
  readonly #refused: string[] = [];
  readonly #different: string[] = [];

  constructor(
    private readonly source: TransferSource,
    private readonly target: DatabaseService,
    private readonly state: TransferState,
    private readonly table: TransferTable,
  ) {}

  /** `onRows` hears how many rows are over after each page; `stopped` ends the work between two pages. */
  async copy(onRows: (rows: number) => void, stopped: () => boolean): Promise<CopyResult> {
    const { after } = this.state.of(this.table.table);
    const there = after === null ? 0 : await this.#lookThrough(after, onRows, stopped);
    const rows = stopped() ? there : await this.#goOn({ after, rows: there }, onRows, stopped);
    return { table: this.table.table, rows, refused: this.#refused, different: this.#different };
  }

  /** Rows up to `last` may have changed, come or gone since the run that moved them. */
  async #lookThrough(
    last: readonly SqlValue[],
    onRows: (rows: number) => void,
    stopped: () => boolean,
  ): Promise<number> {
    let rows = 0;
    let page = await this.source.page(this.table, null, last);
    while (page.length > 0 && !stopped()) {
      const unequal = await unequalRows(this.target, this.table, page);
      rows += page.length;
      if (unequal.length > 0)
        await this.#put(
          unequal.map(({ row }) => row),
          { after: last, rows },
        );
      onRows(rows);
      page = await this.source.page(this.table, keyOf(this.table, page.at(-1) as TransferRow), last);
    }
    return rows;
  }

  async #goOn(
    begin: TransferPosition,
    onRows: (rows: number) => void,
    stopped: () => boolean,
  ): Promise<number> {
    const { table } = this;
    let position = begin;
    let next = await this.source.page(table, position.after);
    while (next.length > 0 && !stopped()) {
      const page = next;
      const after = keyOf(table, page.at(-1) as TransferRow);
      position = { after, rows: position.rows + page.length };
      const following = this.source.page(table, after); // while the target is busy with this one
      following.catch(() => undefined); // heard of below
      await this.#put(page, position);
      next = await following;
      onRows(position.rows);
    }
    return position.rows;
  }

  async #put(page: readonly TransferRow[], position: TransferPosition): Promise<void> {
    const before = this.#refused.length;
    await this.#write(page, position);
    const written = this.#refused.length === before ? page : [];
    const wrong = (await unequalRows(this.target, this.table, written)).filter(({ known }) => !known);
    this.#different.push(...wrong.map(({ row }) => keyOf(this.table, row).join(' ')));
  }

  /** A page with a row that the target refuses is halved until that row stands alone. */
  async #write(page: readonly TransferRow[], position: TransferPosition): Promise<void> {
    const error = await this.#attempt(page, position);
    if (error === null) return;
    const [only] = page;
    if (page.length === 1 && only !== undefined) {
      this.#refused.push(`${keyOf(this.table, only).join(' ')}: ${error.message}`);
      await this.#write([], position);
      return;
    }
    const middle = page.length >> 1;
    const upTo = keyOf(this.table, page[middle - 1] as TransferRow);
    const rest = page.length - middle;
    await this.#write(page.slice(0, middle), { ...position, after: upTo, rows: position.rows - rest });
    await this.#write(page.slice(middle), position);
  }

  /** Null when the target has it, else what it has against the rows. Rejects when the way to it stays blocked. */
  async #attempt(page: readonly TransferRow[], position: TransferPosition): Promise<Error | null> {
    const deadline = performance.now() + PATIENCE_MS;
    for (;;) {
      try {
        await this.#transaction(page, position);
        return null;
      } catch (e: unknown) {
        if (!(e instanceof Error)) throw e;
        if (FULL.test(e.message) || performance.now() > deadline) throw blocked(e);
        if (!(e instanceof ProxyError) && !isDatabaseBlocked(e)) {
          if (page.length === 0) throw e;
          return e;
        }
        await sleep(PAUSE_MS);
      }
    }
  }

  async #transaction(page: readonly TransferRow[], position: TransferPosition): Promise<void> {
    const { dialect } = this.target;
    const rows = page.map((row) => storableRow(row, this.table, dialect));
    await this.target.transaction(async (runner) => {
      await upsertRows(runner, dialect, this.table, rows);
      if (this.table.table === 'sessions') await recountSessions(runner, dialect, page.map(sessionKey));
      if (this.table.table === 'key_usage') await recountKeyUsage(runner, dialect, page.map(keyUsageKey));
      await this.state.save(runner, this.table.table, position);
    });
  }
}

function blocked(e: Error): TransferError {
  return new TransferError(
    `The target does not take any more rows: ${e.message}. What it has, it has for good: mend it and run the same ` +
      'command again, which goes on from there.',
    { cause: e },
  );
}

function keyOf(table: TransferTable, row: TransferRow): SqlValue[] {
  return table.key.map((column) => row[column] ?? null);
}

function sessionKey(row: TransferRow): [SqlValue, SqlValue] {
  return [row['id'] ?? null, row['caller_id'] ?? null];
}

function keyUsageKey(row: TransferRow): [SqlValue, SqlValue, SqlValue] {
  return [row['caller_id'] ?? null, row['day'] ?? null, row['instance_id'] ?? null];
}
