import type { AppConfig } from '../config/app-config.js';
import { shownDatabase } from '../config/database-url.js';
import { processEnvironment } from '../config/process-environment.js';
import type { AccessFacts, DatabaseFacts, SettingsFacts } from './facts.js';

type Environment = Readonly<Record<string, string | undefined>>;

const DATABASES = ['PROXY_DATABASE_URL', 'SERVICE_DATABASE_URL', 'DATABASE_URL', 'PROXY_SQLITE_URL'];
const STRONG_TOKEN = 20;

/** Of a configuration that can be used. */
export function settingsFacts(
  config: AppConfig,
  environment: Environment = processEnvironment(),
): SettingsFacts {
  return {
    host: config.server.host,
    port: config.server.port,
    problems: [],
    warnings: config.warnings,
    databaseKind: config.database.kind,
    databaseOrigin: config.database.origin,
    ignoredDatabases: ignoredDatabases(config.database.origin, environment),
    redis: config.redisUrl !== null,
    captureBytes: config.capture.maxBytes,
    retentionDays: config.retention.days,
    bodyRetentionDays: config.retention.bodyDays,
    websocket: config.websocket.enabled,
    tlsUnchecked: environment['NODE_TLS_REJECT_UNAUTHORIZED'] === '0',
  };
}

/** What it says about callers; what happened since the start is known to the process only. */
export function accessSettings(config: AppConfig): AccessFacts {
  return {
    host: config.server.host,
    adminToken: config.adminToken !== null,
    adminTokenStrong: (config.adminToken?.reveal().length ?? 0) >= STRONG_TOKEN,
    anonymous: [...config.anonymousAccess],
    clientKeys: null,
    encryptionKey: config.secretEncryptionKey !== null,
    refusals: [],
  };
}

export function databaseFacts(config: AppConfig, ready: boolean, error: string | null): DatabaseFacts {
  return { kind: config.database.kind, shown: shownDatabase(config.database), ready, error };
}

function ignoredDatabases(origin: string, environment: Environment): string[] {
  const valueOf = (name: string): string => environment[name]?.trim() ?? '';
  return DATABASES.filter(
    (name) => name !== origin && valueOf(name) !== '' && valueOf(name) !== valueOf(origin),
  );
}
