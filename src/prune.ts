import 'reflect-metadata';
import { createLogger } from './common/logger.js';
import type { AppConfig } from './config/app-config.js';
import { shownDatabase } from './config/database-url.js';
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
  const target = await openTarget(database, shownDatabase(database), createLogger('silent'));
  try {
    return await work(new HistoryPruner(target, retention));
  } finally {
    await target.close();
  }
}
