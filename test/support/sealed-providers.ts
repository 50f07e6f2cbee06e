import { createLogger } from '../../src/common/logger.js';
import { Secret } from '../../src/common/secret.js';
import type { DatabaseConfig } from '../../src/config/app-config.js';
import { Provider } from '../../src/registry/provider.entity.js';
import { SecretCipher } from '../../src/registry/secret-cipher.js';
import { openTarget } from '../../src/transfer/transfer-target.js';
import { aProvider } from './registry-rows.js';

export interface SealedProviders {
  readonly database: DatabaseConfig;
  /** The encryption key, as it stands in the environment. */
  readonly key: string;
  readonly secret: string;
  readonly baseUrl: string;
  readonly poolId: string;
  readonly count: number;
}

/** So many providers of one pool, each with its secret under that key; migrates the database on the way. */
export async function seedSealedProviders(sealed: SealedProviders): Promise<void> {
  const { database, key, secret, baseUrl, poolId, count } = sealed;
  const cipher = new SecretCipher(new Secret(key), null);
  const target = await openTarget(database, 'the database of the test', createLogger('silent'));
  const rows = Array.from({ length: count }, (_, n) => {
    const id = `prov_${n}`;
    const own = cipher.seal(new Secret(secret), { table: 'providers', id, column: 'secret' });
    return aProvider({ id, name: `provider ${n}`, baseUrl, poolId, secret: own });
  });
  await target.transaction(async ({ manager }) => {
    for (let i = 0; i < rows.length; i += 50) await manager.insert(Provider, rows.slice(i, i + 50) as never);
  });
  await target.close();
}

/** As `v1.<key id>.…` of a stored secret names it. */
export function keyIdOf(key: string): string {
  return new SecretCipher(new Secret(key), null).keyId;
}
