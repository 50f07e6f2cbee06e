import type { DatabaseConfig, AppConfig } from '../config/app-config.js';
import type { Logger } from '../common/logger.js';
import { createDataSource, dataSourceOptions } from '../infra/database/data-source.js';
import { DatabaseService } from '../infra/database/database.service.js';
import { TransferError } from './transfer-error.js';

/** The database rows go to, brought to this version's schema; here, unlike in `serve`, it must be there at once. */
export async function openTarget(
  config: DatabaseConfig,
  shown: string,
  logger: Logger,
): Promise<DatabaseService> {
  const dataSource = createDataSource(dataSourceOptions(config));
  const target = new DatabaseService(dataSource, { database: config } as AppConfig, logger);
  try {
    await target.connect();
    if (!target.ready) throw new Error(target.lastError ?? 'it does not answer');
    return target;
  } catch (e: unknown) {
    await target.close();
    throw new TransferError(`Cannot use the target ${shown}: ${(e as Error).message}`, { cause: e });
  }
}
