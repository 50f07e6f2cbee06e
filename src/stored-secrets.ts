import type { Logger } from './common/logger.js';
import { ConfigError } from './config/config-error.js';
import type { Provider } from './registry/provider.entity.js';
import type { SecretCipher } from './registry/secret-cipher.js';

const NAMED = 5;

/**
 * A wrong or a lost encryption key must not look like providers that fail: throws `ConfigError` when secrets are stored
 * that none of the configured keys was used for. `routing` off: they are not needed, so without a key there is a warning
 * and a way to remove them.
 */
export function checkStoredSecrets(
  providers: readonly Provider[],
  cipher: SecretCipher | null,
  routing: boolean,
  logger: Logger,
): void {
  const sealed = providers.filter(({ secret }) => secret !== null);
  if (sealed.length === 0) return;
  if (cipher === null) {
    if (routing) throw new ConfigError([noKey(sealed)]);
    logger.warn(
      { event: 'secrets.no_key', providers: sealed.length },
      'keys of registered providers are stored encrypted and PROXY_SECRET_ENCRYPTION_KEY is not set: those providers are stored only',
    );
    return;
  }
  const strange = sealed.filter(({ secret }) => secret !== null && !cipher.knows(secret));
  if (strange.length === 0) return;
  throw new ConfigError([
    `PROXY_SECRET_ENCRYPTION_KEY is not the key that the stored secrets of ${namesOf(strange)} are encrypted with. ` +
      `Set it to that key, or set PROXY_SECRET_ENCRYPTION_KEY_PREVIOUS to it and run \`responses-proxy rewrap\`. ${LOST}`,
  ]);
}

const LOST =
  'If the key is lost, start without PROXY_SECRET_ENCRYPTION_KEY and with PROXY_REGISTRY_ROUTING=off, remove those providers ' +
  'and register them again.';

function noKey(sealed: readonly Provider[]): string {
  return (
    `PROXY_SECRET_ENCRYPTION_KEY is not set, and the stored secrets of ${namesOf(sealed)} are encrypted with it. Set it to ` +
    `the key that this database was used with. ${LOST}`
  );
}

function namesOf(providers: readonly Provider[]): string {
  const names = providers.slice(0, NAMED).map(({ id }) => id);
  const more = providers.length > NAMED ? ` and ${providers.length - NAMED} more` : '';
  return names.join(', ') + more;
}
