import type { Secret } from '../common/secret.js';

/** The validated environment: frozen, typed, in the units the code uses. Made once by `loadConfig(env)`. */
export interface AppConfig {
  readonly version: string;
  readonly server: ServerConfig;
  /** That share the port; more than one only with Redis. */
  readonly processes: number;
  readonly dataDir: string;
  readonly database: DatabaseConfig;
  readonly redisUrl: Secret | null;
  /** Begins every key and channel in Redis. */
  readonly redisPrefix: string;
  readonly inProcessWorker: boolean;
  readonly worker: WorkerConfig;
  readonly upstream: UpstreamConfig;
  readonly keys: readonly EnvKey[];
  readonly adminToken: Secret | null;
  readonly anonymousAccess: ReadonlySet<'proxy' | 'telemetry'>;
  /** Names this server is called by, lower case; none = unset. */
  readonly allowedHosts: readonly string[];
  /** Registered providers get requests; false = they are stored only. */
  readonly registryRouting: boolean;
  /** How long known client keys are let in while SQL cannot be asked. */
  readonly clientKeyStaleMs: number;
  /** Variables that registered providers may name begin so; none = any that sounds like nothing else's. */
  readonly credentialEnvPrefixes: readonly string[];
  readonly secretEncryptionKey: Secret | null;
  /** Only decrypts, while values are being moved to the current key. */
  readonly previousSecretEncryptionKey: Secret | null;
  readonly health: HealthConfig;
  readonly affinity: AffinityConfig;
  readonly retention: RetentionConfig;
  /** `strict`: no request goes upstream without a record of it. */
  /** `roomBytes`: held of all answers under way, beyond the first 64 KB of each. */
  readonly capture: { readonly maxBytes: number; readonly roomBytes: number; readonly strict: boolean };
  readonly spool: { readonly maxBytes: number; readonly segmentBytes: number };
  readonly websocket: WebsocketConfig;
  readonly onDisconnect: OnDisconnectConfig;
  readonly wait: WaitConfig;
  readonly retry5xx: boolean;
  /** Null = no traces. */
  readonly tracing: TracingConfig | null;
  readonly logLevel: 'fatal' | 'error' | 'warn' | 'info' | 'debug' | 'trace' | 'silent';
  /** What looks like a mistake without being one for certain; logged once at start. */
  readonly warnings: readonly string[];
}

/** Days. */
export interface RetentionConfig {
  /** Requests with their attempts. */
  readonly days: number;
  readonly bodyDays: number;
  readonly decisionDays: number;
  readonly eventDays: number;
  readonly sessionDays: number;
  readonly usageDays: number;
}

/** The rest of its variables is read by the packages of OpenTelemetry. */
export interface TracingConfig {
  /** Where OTLP is taken over HTTP. */
  readonly url: string;
  readonly serviceName: string;
}

export const APP_CONFIG = Symbol('AppConfig');

export interface ServerConfig {
  readonly host: string;
  readonly port: number;
  readonly maxBodyBytes: number;
  /** Of all request bodies held at once. */
  readonly maxBufferedBytes: number;
  readonly maxHeaders: number;
  readonly maxHeaderBytes: number;
  readonly headersTimeoutMs: number;
  readonly bodyIdleTimeoutMs: number;
  readonly bodyTotalTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** A client that reads nothing for this long is cut. */
  readonly clientStallTimeoutMs: number;
  readonly maxConnections: number;
  /** How long running exchanges may go on after SIGTERM. */
  readonly drainDelayMs: number;
  readonly drainTimeoutMs: number;
}

export type DatabaseConfig =
  | { readonly kind: 'sqlite'; readonly path: string; readonly origin: string }
  | { readonly kind: 'postgres'; readonly url: Secret; readonly origin: string };

export interface UpstreamConfig {
  /** No trailing slash. */
  readonly baseUrl: string;
  readonly connectTimeoutMs: number;
  readonly firstByteTimeoutMs: number;
  readonly idleTimeoutMs: number;
  /** One attempt from dispatch to its end (PROXY_REQUEST_TIMEOUT_SECONDS). */
  readonly totalTimeoutMs: number;
  readonly maxConnectionsPerOrigin: number;
  readonly maxHeaderBytes: number;
  /** Private networks a registered base URL may point to. */
  readonly allowCidrs: readonly string[];
}

export interface WebsocketConfig {
  readonly enabled: boolean;
  readonly maxSockets: number;
  readonly maxMessageBytes: number;
  readonly maxFragments: number;
  /** Waiting for one side, above which the other is not read. */
  readonly maxBufferedBytes: number;
  readonly idleTimeoutMs: number;
  /** One upstream's handshake, connection included. */
  readonly handshakeTimeoutMs: number;
}

export interface WorkerConfig {
  /** Null = it listens nowhere. */
  readonly port: number | null;
  /** Where a worker of a test dies. */
  readonly failpoint: 'after_commit' | null;
}

/** One key from the environment, in the order the variables are read. */
export interface EnvKey {
  readonly apiKey: Secret;
  /** Variable and position in it, from 1: `OPENAI_API_KEYS[2]`. */
  readonly origin: string;
  readonly weight: number;
  /** Most requests in flight, all replicas together; null = no cap. */
  readonly maxConcurrency: number | null;
  readonly poolId: string | null;
  readonly organization: string | null;
}

export interface HealthConfig {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  readonly path: string;
}

/** What becomes of an answer whose client has gone. */
export interface OnDisconnectConfig {
  readonly otherwise: 'abort' | 'drain';
  /** By the pool of the key that answers. */
  readonly byPool: ReadonlyMap<string, 'abort' | 'drain'>;
}

/** For a place on a key when nobody has one. */
export interface WaitConfig {
  /** 0 = refuse at once. */
  readonly budgetMs: number;
  readonly maxWaiting: number;
}

export interface AffinityConfig {
  readonly sessionTtlMs: number;
  readonly responseTtlMs: number;
  /** Most bindings in memory. */
  readonly maxEntries: number;
  /** Stored responses may be served by any key of the owner's organisation. */
  readonly sharedInOrganization: boolean;
}
