import 'reflect-metadata';
import { existsSync } from 'node:fs';
import { createLogger } from './common/logger.js';
import type { AppConfig } from './config/app-config.js';
import { shownDatabase } from './config/database-url.js';
import { TransferError } from './transfer/transfer-error.js';
import { openTarget } from './transfer/transfer-target.js';
import { HistoryPruner, type PruneProgress } from './usage/history-pruner.js';

type Where = Pick<AppConfig, 'database' | 'retention'>;

/** Rows that are too old, by table. */
export function countOld(where: Where): Promise<Record<string, number>> {
  return withPruner(where, (pruner) => pruner.count(Date.now()));
}

/** Deletes them. `onStoppable` gets a function that ends the work between two batches. */
export function pruneOld(
  where: Where,
  onProgress: (progress: PruneProgress) => void,
  onStoppable: (stop: () => void) => void,
): Promise<{ readonly deleted: Record<string, number>; readonly finished: boolean }> {
  return withPruner(where, async (pruner) => {
    onStoppable(() => pruner.stop());
    const deleted = await pruner.prune(Date.now(), onProgress);
    return { deleted, finished: !pruner.stopped };
  });
}

async function withPruner<T>(
  { database, retention }: Where,
  work: (pruner: HistoryPruner) => Promise<T>,
): Promise<T> {
  // A mistyped path must not come back as an empty history, and leave one behind.
  if (database.kind === 'sqlite' && !existsSync(database.path))
    throw new TransferError(`There is no database ${shownDatabase(database)}.`);
  const target = await openTarget(database, shownDatabase(database), createLogger('silent'));
  try {
    return await work(new HistoryPruner(target, retention));
  } finally {
    await target.close();
  }
}
