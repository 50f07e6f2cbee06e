import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { createLogger } from './common/logger.js';
import type { AppConfig } from './config/app-config.js';
import { shownDatabase } from './config/database-url.js';
import { TransferError } from './transfer/transfer-error.js';
import { openTarget } from './transfer/transfer-target.js';
import { openReadOnly, type ReadOnlyDatabase } from './infra/database/read-only-database.js';
import { countOldRows, HistoryPruner, type OldRows, type PruneProgress } from './usage/history-pruner.js';

type Where = Pick<AppConfig, 'database' | 'retention'>;

/** Rows that are too old, by table. Changes nothing, the schema included. */
export function countOld({ database, retention }: Where): Promise<Record<string, OldRows>> {
  return looking(database, (source) => countOldRows(source, retention, Date.now()));
}

export interface Pruned {
  readonly deleted: Record<string, number>;
  readonly finished: boolean;
  /** Hours whose requests stay because they could not be summed; null = none. */
  readonly unsummed: { readonly hours: number; readonly error: unknown } | null;
}

/** Deletes them. `onStoppable` gets a function that ends the work between two batches. */
export function pruneOld(
  where: Where,
  onProgress: (progress: PruneProgress) => void,
  onStoppable: (stop: () => void) => void,
): Promise<Pruned> {
  return withPruner(where, async (pruner) => {
    onStoppable(() => pruner.stop());
    const deleted = await pruner.prune(Date.now(), onProgress);
    const { hours, error } = pruner.unsummed;
    return {
      deleted,
      finished: !pruner.stopped,
      unsummed: error === null ? null : { hours: hours.length, error },
    };
  });
}

async function looking<T>(
  database: Where['database'],
  look: (source: ReadOnlyDatabase) => Promise<T>,
): Promise<T> {
  const shown = shownDatabase(database);
  requireThere(database);
  const source = await openReadOnly(database).catch((e: unknown) => {
    throw new TransferError(`Cannot read ${shown}: ${(e as Error).message}`, { cause: e });
  });
  try {
    return await look(source);
  } finally {
    await source.close();
  }
}

/** Who wants rows deleted has not asked for a migration, under which an older version may still be running. */
async function requirePresentSchema(database: Where['database']): Promise<void> {
  if (await looking(database, (source) => source.isBehind()))
    throw new TransferError(
      `${shownDatabase(database)} has the schema of an older version, which prune leaves alone. ` +
        'Start this version once (responses-proxy serve migrates it), or prune with the version that runs.',
    );
}

/** A mistyped path must not come back as an empty history, and leave one behind. */
function requireThere(database: Where['database']): void {
  if (database.kind === 'sqlite' && !existsSync(database.path))
    throw new TransferError(`There is no database ${shownDatabase(database)}.`);
}

async function withPruner<T>(
  { database, retention }: Where,
  work: (pruner: HistoryPruner) => Promise<T>,
): Promise<T> {
  await requirePresentSchema(database);
  const target = await openTarget(database, shownDatabase(database), createLogger('silent'));
  try {
    return await work(new HistoryPruner(target, retention));
  } finally {
    await target.close();
  }
}
