import { availableParallelism } from 'node:os';
import { resolve } from 'node:path';
import { Secret } from '../common/secret.js';
import type { AccessEnv } from './access-env.js';
import type {
  AffinityConfig,
  AppConfig,
  DatabaseConfig,
  EnvKey,
  OnDisconnectConfig,
  RetentionConfig,
  ServerConfig,
  UpstreamConfig,
  WebsocketConfig,
} from './app-config.js';
import { ConfigError } from './config-error.js';
import { databaseFromUrl } from './database-url.js';
import { MAX_PROCESSES } from './env-checks.js';
import { readKeys } from './env-keys.js';
import { ENV_SECTIONS, readEnv, type Env } from './env.js';
import type { ListenerEnv } from './listener-env.js';
import type { StorageEnv } from './storage-env.js';
import { tracingConfig, tracingWarnings } from './tracing-config.js';
import { unknownVariables } from './unknown-variables.js';
import type { UpstreamEnv } from './upstream-env.js';
import type { WebsocketEnv } from './websocket-env.js';

/**
 * The one place where the environment becomes configuration. Throws `ConfigError` with every problem at once. Pure: it
 * touches no file and opens no connection.
 */
export function loadConfig(
  environment: Readonly<Record<string, string | undefined>>,
  version: string,
  cores = availableParallelism(),
): AppConfig {
  const raw = setVariables(environment);
  const problems: string[] = [];
  const env = readEnv(raw, problems);
  const keys = readKeys(env.resources, raw, problems);
  const onDisconnect = onDisconnectConfig(env.upstream, problems);
  const processes = processCount(env, cores, problems);
  refuseFailpoint(env, raw, problems);
  if (problems.length > 0) throw new ConfigError(problems);
  const { access, storage, upstream } = env;
  return deepFreeze({
    version,
    server: serverConfig(env.listener),
    processes,
    dataDir: resolve(storage.PROXY_DATA_DIR),
    database: databaseConfig(storage),
    redisUrl: secret(storage.PROXY_REDIS_URL),
    redisPrefix: storage.PROXY_REDIS_PREFIX,
    inProcessWorker: storage.PROXY_IN_PROCESS_WORKER ?? storage.PROXY_REDIS_URL === null,
    worker: { port: env.worker.PROXY_WORKER_PORT || null, failpoint: env.worker.PROXY_FAILPOINT },
    upstream: upstreamConfig(upstream),
    keys,
    ...callerConfig(access),
    registryRouting: access.PROXY_REGISTRY_ROUTING,
    clientKeyStaleMs: ms(access.PROXY_CLIENT_KEY_STALE_SECONDS),
    credentialEnvPrefixes: access.PROXY_CREDENTIAL_ENV_PREFIXES,
    secretEncryptionKey: secret(access.PROXY_SECRET_ENCRYPTION_KEY),
    previousSecretEncryptionKey: secret(access.PROXY_SECRET_ENCRYPTION_KEY_PREVIOUS),
    health: {
      intervalMs: ms(upstream.PROXY_HEALTH_CHECK_INTERVAL_SECONDS),
      timeoutMs: ms(upstream.PROXY_HEALTH_CHECK_TIMEOUT_SECONDS),
      path: upstream.PROXY_HEALTH_CHECK_PATH,
    },
    affinity: affinityConfig(upstream),
    retention: retentionConfig(storage),
    capture: {
      maxBytes: storage.PROXY_MAX_CAPTURE_BYTES,
      roomBytes: storage.PROXY_CAPTURE_BUFFER_BYTES,
      strict: storage.PROXY_CAPTURE_MODE === 'strict',
    },
    spool: {
      maxBytes: storage.PROXY_SPOOL_MAX_BYTES,
      segmentBytes: Math.min(storage.PROXY_SPOOL_SEGMENT_BYTES, storage.PROXY_SPOOL_MAX_BYTES),
    },
    websocket: websocketConfig(env.websocket),
    onDisconnect,
    wait: {
      budgetMs: ms(upstream.PROXY_WAIT_BUDGET_SECONDS),
      maxWaiting: upstream.PROXY_WAIT_MAX_REQUESTS,
    },
    retry5xx: upstream.PROXY_RETRY_5XX,
    tracing: tracingConfig(env.tracing),
    logLevel: access.PROXY_LOG_LEVEL,
    warnings: warningsOf(raw, env, keys),
  });
}

/** An empty or blank value counts as unset: that is how compose files and shells leave a variable out. */
function setVariables(environment: Readonly<Record<string, string | undefined>>): Map<string, string> {
  const set = new Map<string, string>();
  for (const [name, value] of Object.entries(environment)) {
    const text = value?.trim();
    if (text !== undefined && text !== '') set.set(name, text);
  }
  return set;
}

function refuseFailpoint({ worker }: Env, raw: ReadonlyMap<string, string>, problems: string[]): void {
  if (worker.PROXY_FAILPOINT !== null && raw.get('NODE_ENV') !== 'test')
    problems.push('PROXY_FAILPOINT is for tests only: it needs NODE_ENV=test');
}

function processCount({ listener, storage }: Env, cores: number, problems: string[]): number {
  const asked = listener.PROXY_PROCESSES;
  // Not a text = it could not be read, which has been reported.
  if (typeof asked !== 'string') return 1;
  const processes = asked === 'auto' ? Math.min(cores, MAX_PROCESSES) : Number(asked);
  if (processes > 1 && storage.PROXY_REDIS_URL === null)
    problems.push(
      `PROXY_PROCESSES=${asked} needs PROXY_REDIS_URL: without Redis each of the ${processes} processes would keep ` +
        'conversations, load, pauses and limits to itself. Set PROXY_REDIS_URL, or PROXY_PROCESSES=1',
    );
  return processes;
}

function serverConfig(env: ListenerEnv): ServerConfig {
  return {
    host: env.HOST,
    port: env.PORT,
    maxBodyBytes: env.PROXY_MAX_BODY_BYTES,
    maxBufferedBytes: env.PROXY_MAX_BUFFERED_BYTES,
    maxHeaders: env.PROXY_MAX_HEADERS,
    maxHeaderBytes: env.PROXY_MAX_HEADER_BYTES,
    headersTimeoutMs: ms(env.PROXY_HEADERS_TIMEOUT_SECONDS),
    bodyIdleTimeoutMs: ms(env.PROXY_BODY_IDLE_TIMEOUT_SECONDS),
    bodyTotalTimeoutMs: ms(env.PROXY_BODY_TIMEOUT_SECONDS),
    keepAliveTimeoutMs: ms(env.PROXY_KEEP_ALIVE_TIMEOUT_SECONDS),
    clientStallTimeoutMs: ms(env.PROXY_CLIENT_STALL_TIMEOUT_SECONDS),
    maxConnections: env.PROXY_MAX_CONNECTIONS,
    drainDelayMs: ms(env.PROXY_DRAIN_DELAY_SECONDS),
    drainTimeoutMs: ms(env.PROXY_DRAIN_TIMEOUT_SECONDS),
  };
}

function callerConfig(env: AccessEnv): Pick<AppConfig, 'adminToken' | 'anonymousAccess' | 'allowedHosts'> {
  return {
    adminToken: secret(env.PROXY_ADMIN_TOKEN),
    anonymousAccess: new Set(env.PROXY_ANONYMOUS_ACCESS),
    allowedHosts: env.PROXY_ALLOWED_HOSTS.map((name) => name.toLowerCase()),
  };
}

function upstreamConfig(env: UpstreamEnv): UpstreamConfig {
  return {
    baseUrl: env.PROXY_UPSTREAM_BASE_URL.replace(/(?<!\/)\/+$/, ''),
    connectTimeoutMs: ms(env.PROXY_CONNECT_TIMEOUT_SECONDS),
    firstByteTimeoutMs: ms(env.PROXY_FIRST_BYTE_TIMEOUT_SECONDS),
    idleTimeoutMs: ms(env.PROXY_IDLE_TIMEOUT_SECONDS),
    totalTimeoutMs: ms(env.PROXY_REQUEST_TIMEOUT_SECONDS),
    maxConnectionsPerOrigin: env.PROXY_UPSTREAM_MAX_CONNECTIONS,
    maxHeaderBytes: env.PROXY_UPSTREAM_MAX_HEADER_BYTES,
    allowCidrs: env.PROXY_UPSTREAM_ALLOW_CIDRS,
  };
}

function affinityConfig(env: UpstreamEnv): AffinityConfig {
  return {
    sessionTtlMs: ms(env.PROXY_SESSION_AFFINITY_TTL_SECONDS),
    responseTtlMs: ms(env.PROXY_RESPONSE_AFFINITY_TTL_SECONDS),
    maxEntries: env.PROXY_AFFINITY_MAX_ENTRIES,
    sharedInOrganization: env.PROXY_AFFINITY_SHARED_IN_ORGANIZATION,
  };
}

/** A pool's last word, and only one. */
function onDisconnectConfig(env: UpstreamEnv, problems: string[]): OnDisconnectConfig {
  const byPool = new Map<string, 'abort' | 'drain'>();
  for (const [pool, choice] of poolChoices(env)) {
    if (byPool.has(pool))
      problems.push(`PROXY_ON_DISCONNECT_POOLS names pool ${JSON.stringify(pool)} twice; keep one of them`);
    byPool.set(pool, choice === 'drain' ? 'drain' : 'abort');
  }
  return { otherwise: env.PROXY_ON_DISCONNECT, byPool };
}

function poolChoices({ PROXY_ON_DISCONNECT_POOLS: choices }: UpstreamEnv): (readonly [string, string])[] {
  // Not a list = it could not be read, which has been reported.
  return (Array.isArray(choices) ? (choices as readonly string[]) : []).map((choice) => {
    const at = choice.lastIndexOf('=');
    return [choice.slice(0, at), choice.slice(at + 1)];
  });
}

function websocketConfig(env: WebsocketEnv): WebsocketConfig {
  return {
    enabled: env.PROXY_WEBSOCKET,
    maxSockets: env.PROXY_WEBSOCKET_MAX_SOCKETS,
    maxMessageBytes: env.PROXY_WEBSOCKET_MAX_MESSAGE_BYTES,
    maxFragments: env.PROXY_WEBSOCKET_MAX_FRAGMENTS,
    maxBufferedBytes: env.PROXY_WEBSOCKET_MAX_BUFFERED_BYTES,
    idleTimeoutMs: ms(env.PROXY_WEBSOCKET_IDLE_TIMEOUT_SECONDS),
    handshakeTimeoutMs: ms(env.PROXY_WEBSOCKET_HANDSHAKE_TIMEOUT_SECONDS),
  };
}

function retentionConfig(env: StorageEnv): RetentionConfig {
  const days = env.PROXY_RETENTION_DAYS;
  return {
    days,
    bodyDays: env.PROXY_BODY_RETENTION_DAYS,
    decisionDays: env.PROXY_DECISION_RETENTION_DAYS ?? days,
    eventDays: env.PROXY_EVENT_RETENTION_DAYS ?? days,
    sessionDays: env.PROXY_SESSION_RETENTION_DAYS ?? days,
    usageDays: env.PROXY_USAGE_RETENTION_DAYS ?? days,
  };
}

function databaseConfig(env: StorageEnv): DatabaseConfig {
  for (const origin of ['PROXY_DATABASE_URL', 'SERVICE_DATABASE_URL', 'DATABASE_URL'] as const) {
    const url = env[origin];
    const database = url === null ? null : databaseFromUrl(url, origin);
    if (database !== null) return database;
  }
  const file = env.PROXY_SQLITE_URL;
  const own = file === null ? null : databaseFromUrl(file, 'PROXY_SQLITE_URL');
  return (
    own ?? { kind: 'sqlite', path: resolve(env.PROXY_DATA_DIR, 'proxy.sqlite3'), origin: 'PROXY_DATA_DIR' }
  );
}

function warningsOf(raw: ReadonlyMap<string, string>, env: Env, keys: readonly EnvKey[]): string[] {
  const known = ENV_SECTIONS.flatMap((section) => section.variables.map((variable) => variable.name));
  const warnings = unknownVariables(raw.keys(), known);
  const pools = new Set(keys.map(({ poolId }) => poolId));
  for (const [pool] of poolChoices(env.upstream))
    if (!pools.has(pool))
      warnings.push(
        `PROXY_ON_DISCONNECT_POOLS names pool ${JSON.stringify(pool)}, which no key of the environment is in`,
      );
  const { PROXY_REDIS_URL: redis, PROXY_IN_PROCESS_WORKER: inProcess } = env.storage;
  if (redis === null && inProcess === false)
    warnings.push(
      'PROXY_IN_PROCESS_WORKER=off needs PROXY_REDIS_URL, which is the way to another process: this one writes the history',
    );
  return [...warnings, ...tracingWarnings(env.tracing)];
}

function secret(text: string | null): Secret | null {
  return text === null ? null : new Secret(text);
}

function ms(seconds: number): number {
  return Math.round(seconds * 1000);
}

/** Plain objects and arrays only: a `Secret` has nothing to change and a `Set` is typed read-only. */
function deepFreeze<T>(value: T): T {
  if (Array.isArray(value) || Object.getPrototypeOf(value ?? 0) === Object.prototype) {
    Object.values(value as object).forEach(deepFreeze);
    Object.freeze(value);
  }
  return value;
}
