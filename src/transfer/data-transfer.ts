import type { DatabaseService } from '../infra/database/database.service.js';
import { moveHours } from './hour-mover.js';
import { identityConflicts, type IdentityRow } from './identity-conflicts.js';
import { type CopyResult, TableCopier } from './table-copier.js';
import { TransferError } from './transfer-error.js';
import { transferPlan, type TransferTable } from './transfer-plan.js';
import type { TransferSource } from './transfer-source.js';
import { TransferState } from './transfer-state.js';

export interface TransferProgress {
  readonly table: string;
  readonly rows: number;
  readonly total: number;
}

export interface TransferReport {
  readonly resumed: boolean;
  readonly tables: readonly (CopyResult & { readonly inTarget: number })[];
  /** Rows the source has got since this run began. */
  readonly grown: number;
  /** False when it was told to stop. */
  readonly finished: boolean;
}

/** Everything one database has into another one. May be killed at any moment, run again, and run again when it is over. */
export class DataTransfer {
  readonly #plan: readonly TransferTable[];
  #stopped = false;

  constructor(
    private readonly source: TransferSource,
    private readonly target: DatabaseService,
  ) {
    this.#plan = transferPlan(source.dataSource);
  }

  /** Ends after the page in hand. */
  stop(): void {
    this.#stopped = true;
  }

  async run(onProgress: (progress: TransferProgress) => void): Promise<TransferReport> {
    await this.#requireSameIdentities();
    const state = await TransferState.open(this.target, this.source.id);
    const { resumed } = state;
    const counts = await countRows(this.source);
    const results: CopyResult[] = [];
    for (const table of this.#plan) {
      const total = counts.get(table.table) ?? 0;
      const copier = new TableCopier(this.source, this.target, state, table);
      const result = await copier.copy(
        (rows) => onProgress({ table: table.table, rows, total }),
        () => this.#stopped,
      );
      results.push(result);
    }
    const finished = !this.#stopped;
    if (finished) await moveHours(this.source, this.target);
    // Also after a failed comparison: going on from the end would never mend it.
    if (finished) await state.clear();
    const tables = [];
    for (const result of results)
      tables.push({ ...result, inTarget: await this.#countInTarget(result.table) });
    return { resumed, tables, grown: await this.#grownSince(counts), finished };
  }

  async #countInTarget(table: string): Promise<number> {
    const [row] = await this.target.dataSource.query<{ n: number }[]>(
      `SELECT COUNT(*) AS "n" FROM "${table}"`,
    );
    return row?.n ?? 0;
  }

  async #grownSince(counts: ReadonlyMap<string, number>): Promise<number> {
    await this.source.thaw();
    await this.source.freeze();
    let grown = 0;
    for (const [table, now] of await countRows(this.source))
      grown += Math.max(0, now - (counts.get(table) ?? 0));
    return grown;
  }

  async #requireSameIdentities(): Promise<void> {
    const sql = 'SELECT "fingerprint", "resource_id" FROM "resource_identities"';
    const conflicts = identityConflicts(
      await this.source.rows<IdentityRow>(sql),
      await this.target.dataSource.query<IdentityRow[]>(sql),
    );
    if (conflicts.length === 0) return;
    throw new TransferError(
      `The target gives other keys the ids that the source's history uses (${conflicts.join(', ')}): what is moved ` +
        'would be told of the wrong keys. Move into a new, empty database before any proxy uses it.',
    );
  }
}

/** What the source has, by table. */
export async function countRows(source: TransferSource): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const table of transferPlan(source.dataSource)) counts.set(table.table, await source.count(table));
  return counts;
}
