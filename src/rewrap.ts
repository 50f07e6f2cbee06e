import 'reflect-metadata';
import { systemClock } from './common/clock.js';
import { createLogger } from './common/logger.js';
import type { AppConfig } from './config/app-config.js';
import { shownDatabase } from './config/database-url.js';
import { createDataSource, dataSourceOptions } from './infra/database/data-source.js';
import { DatabaseService } from './infra/database/database.service.js';
import { RegistryRepository } from './registry/registry.repository.js';
import { SecretCipher } from './registry/secret-cipher.js';
import { type RewrapReport, SecretRewrap } from './registry/secret-rewrap.js';

/** The database cannot be used; the message says which and why. */
export class RewrapError extends Error {
  override readonly name = 'RewrapError';
}

/** Moves every stored secret to `PROXY_SECRET_ENCRYPTION_KEY`. Null when that is not set. */
export async function rewrapSecrets(
  config: AppConfig,
  onProgress: (done: number, total: number) => void,
  onStoppable: (stop: () => void) => void,
): Promise<RewrapReport | null> {
  if (config.secretEncryptionKey === null) return null;
  const cipher = new SecretCipher(config.secretEncryptionKey, config.previousSecretEncryptionKey);
  const source = createDataSource(dataSourceOptions(config.database));
  const database = new DatabaseService(source, config, createLogger('silent'));
  try {
    await database.connect().catch((e: unknown) => refuse(config, (e as Error).message, e));
    if (!database.ready) refuse(config, database.lastError ?? 'it does not answer', null);
    const rewrap = new SecretRewrap(new RegistryRepository(database, systemClock), cipher);
    onStoppable(() => rewrap.stop());
    return await rewrap.run(onProgress);
  } finally {
    await database.close();
  }
}

function refuse(config: AppConfig, reason: string, cause: unknown): never {
  throw new RewrapError(`Cannot use ${shownDatabase(config.database)}: ${reason}`, { cause });
}
