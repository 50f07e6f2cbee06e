import type { Logger } from './common/logger.js';
import { ConfigError } from './config/config-error.js';
import type { Provider } from './registry/provider.entity.js';
import type { SecretCipher } from './registry/secret-cipher.js';

const NAMED = 5;

/**
 * A wrong encryption key must not look like providers that fail: throws `ConfigError` when secrets are stored that none
 * of the configured keys was used for. Without any key they are left out, with a warning.
 */
export function checkStoredSecrets(
  providers: readonly Provider[],
  cipher: SecretCipher | null,
  logger: Logger,
): void {
  const sealed = providers.filter(({ secret }) => secret !== null);
  if (cipher === null) {
    if (sealed.length === 0) return;
    logger.warn(
      { event: 'secrets.no_key', providers: sealed.length },
      'keys of registered providers are stored encrypted and PROXY_SECRET_ENCRYPTION_KEY is not set: those providers get no traffic',
    );
    return;
  }
  const strange = sealed.filter(({ secret }) => secret !== null && !cipher.knows(secret));
  if (strange.length === 0) return;
  const names = strange.slice(0, NAMED).map(({ id }) => id);
  const more = strange.length > NAMED ? ` and ${strange.length - NAMED} more` : '';
  throw new ConfigError([
    `PROXY_SECRET_ENCRYPTION_KEY is not the key that the stored secrets of ${names.join(', ')}${more} are encrypted with. ` +
      'Set it to that key, or set PROXY_SECRET_ENCRYPTION_KEY_PREVIOUS to it and run `responses-proxy rewrap`. If the key ' +
      'is lost, start without PROXY_SECRET_ENCRYPTION_KEY, remove those providers and register them again.',
  ]);
}
