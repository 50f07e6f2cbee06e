import 'reflect-metadata';
import { createLogger } from './common/logger.js';
import type { DatabaseConfig } from './config/app-config.js';
import { shownDatabase } from './config/database-url.js';
import {
  countRows,
  DataTransfer,
  type TransferProgress,
  type TransferReport,
} from './transfer/data-transfer.js';
import { TransferError } from './transfer/transfer-error.js';
import { TransferSource } from './transfer/transfer-source.js';
import { openTarget } from './transfer/transfer-target.js';

export interface Move {
  readonly from: DatabaseConfig;
  readonly to: DatabaseConfig;
}

/** What would be moved, by table. */
export async function countData(from: DatabaseConfig): Promise<Map<string, number>> {
  const source = await TransferSource.open(from, shownDatabase(from));
  try {
    return await countRows(source);
  } finally {
    await source.close();
  }
}

/** Moves everything. `onStoppable` gets a function that ends the work between two pages. */
export async function migrateData(
  { from, to }: Move,
  onProgress: (progress: TransferProgress) => void,
  onStoppable: (stop: () => void) => void,
): Promise<TransferReport> {
  const [shownFrom, shownTo] = [shownDatabase(from), shownDatabase(to)];
  if (shownFrom === shownTo) throw new TransferError(`Source and target are the same: ${shownTo}.`);
  const source = await TransferSource.open(from, shownFrom);
  try {
    const target = await openTarget(to, shownTo, createLogger('silent'));
    try {
      const transfer = new DataTransfer(source, target);
      onStoppable(() => transfer.stop());
      return await transfer.run(onProgress);
    } finally {
      await target.close();
    }
  } finally {
    await source.close();
  }
}
