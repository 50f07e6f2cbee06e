import { isEncryptionKey, isHostPattern, isToken } from './env-checks.js';
import { Choice, List, Seconds, Switch, Text } from './env-variable.js';

const ENCRYPTION_KEY = 'base64 of exactly 32 bytes (make one with: openssl rand -base64 32)';
const ANONYMOUS = ['proxy', 'telemetry'];

/** Who may call what, and what is logged. */
export class AccessEnv {
  @Text({
    default: null,
    accepted: 'at least 8 visible ASCII characters without blanks',
    check: (text) => text.length >= 8 && isToken(text),
    secret: true,
    meaning:
      'Bearer token for everything below `/admin` and for `/metrics`; unset, only this machine may call them.',
  })
  readonly PROXY_ADMIN_TOKEN!: string | null;

  @List({
    accepted: `a comma-separated list of ${ANONYMOUS.join(', ')}`,
    check: (element) => ANONYMOUS.includes(element),
    meaning: 'What other machines may do without a credential: any of `proxy`, `telemetry`.',
  })
  readonly PROXY_ANONYMOUS_ACCESS!: readonly ('proxy' | 'telemetry')[];

  @List({
    accepted:
      'a comma-separated list of host names without port, `*.` in front for all below one, or `*` for any',
    check: isHostPattern,
    meaning:
      'Names this server is called by (`Host`): others are refused with 421. Loopback names, `HOST` and IP addresses always ' +
      'pass; unset, so does any name where a credential is wanted, and any local one (without a dot, .internal, .svc) where none is.',
  })
  readonly PROXY_ALLOWED_HOSTS!: readonly string[];

  @Seconds({
    default: 600,
    // The database is asked every three seconds.
    min: 5,
    max: 31_536_000,
    meaning:
      'How long known client keys are let in while the database cannot be asked whether they were revoked; then 503.',
  })
  readonly PROXY_CLIENT_KEY_STALE_SECONDS!: number;

  @Text({
    default: null,
    accepted: ENCRYPTION_KEY,
    check: isEncryptionKey,
    secret: true,
    meaning: 'Base64, 32 bytes: encrypts the keys of registered providers.',
  })
  readonly PROXY_SECRET_ENCRYPTION_KEY!: string | null;

  @Text({
    default: null,
    accepted: ENCRYPTION_KEY,
    check: isEncryptionKey,
    secret: true,
    meaning: 'The encryption key before the current one, while stored values move to the new one.',
  })
  readonly PROXY_SECRET_ENCRYPTION_KEY_PREVIOUS!: string | null;

  @List({
    accepted: 'a comma-separated list of beginnings of variable names',
    check: (element) => /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(element),
    meaning:
      'Variables that a registered provider may name as its `credential_ref` begin so; unset, any that sounds like nothing else’s.',
  })
  readonly PROXY_CREDENTIAL_ENV_PREFIXES!: readonly string[];

  @Switch({
    default: true,
    meaning: 'Registered providers get requests, and aliases can be named; `off` stores both only.',
  })
  readonly PROXY_REGISTRY_ROUTING!: boolean;

  @Choice({
    default: 'info',
    of: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    meaning: 'Least severe log line that is written; JSON lines on standard output.',
  })
  readonly PROXY_LOG_LEVEL!: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
}
