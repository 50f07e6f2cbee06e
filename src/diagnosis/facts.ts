/**
 * Everything the checks look at, as plain values: gathered by whoever can see it, never by a check. A group that is null
 * or left out could not be seen from there, and the checks that need it say so. No secrets in any of it.
 */
export interface Facts {
  /** Epoch ms. */
  readonly now: number;
  readonly settings?: SettingsFacts | null;
  readonly keys?: readonly KeyFacts[] | null;
  readonly providers?: readonly ProviderFacts[] | null;
  readonly access?: AccessFacts | null;
  readonly database?: DatabaseFacts | null;
  readonly redis?: RedisFacts | null;
  readonly fleet?: FleetFacts | null;
  readonly spool?: SpoolFacts | null;
  readonly disk?: DiskFacts | null;
  readonly traffic?: TrafficFacts | null;
  readonly history?: HistoryFacts | null;
  readonly unsummed?: UnsummedFacts | null;
  readonly clock?: ClockFacts | null;
  readonly process?: ProcessFacts | null;
  /** Of the container whose data directory this is: the last that is known, if any. */
  readonly ends?: readonly EndFacts[] | null;
  readonly codexFiles?: readonly CodexFileFacts[] | null;
  readonly publicUrl?: PublicUrlFacts | null;
  readonly turn?: TurnFacts | null;
}

/** The configuration in force, or the one a start would find. */
export interface SettingsFacts {
  readonly host: string;
  readonly port: number;
  /** What refuses to start. */
  readonly problems: readonly string[];
  /** What looks like a mistake: variables that nobody reads, above all. */
  readonly warnings: readonly string[];
  readonly databaseKind: 'sqlite' | 'postgres';
  /** Variable that named the database. */
  readonly databaseOrigin: string;
  /** Variables that name another database than the one in use, and are not read for it. */
  readonly ignoredDatabases: readonly string[];
  readonly redis: boolean;
  readonly captureBytes: number;
  readonly retentionDays: number;
  readonly bodyRetentionDays: number;
  readonly websocket: boolean;
  /** NODE_TLS_REJECT_UNAUTHORIZED=0: any server may say it is the upstream. */
  readonly tlsUnchecked: boolean;
}

export interface KeyFacts {
  readonly id: string;
  readonly source: 'env' | 'registry';
  /** Variable or provider it came from. Never the key. */
  readonly origin: string;
  /** Of its upstream, without credentials. */
  readonly baseUrl: string;
  readonly poolId: string | null;
  readonly status: 'healthy' | 'degraded' | 'unhealthy' | 'unknown';
  readonly reason: string;
  readonly detail: string | null;
  /** Epoch ms until which nothing is sent there. */
  readonly until: number | null;
  readonly probeStatus: number | null;
  readonly probeError: string | null;
  readonly organization: string | null;
  readonly deniedModels: readonly string[];
  /** Ids it lists; null = it did not say. */
  readonly models: readonly string[] | null;
}

export interface ProviderFacts {
  readonly id: string;
  readonly name: string;
  readonly poolId: string | null;
  readonly enabled: boolean;
  /** Why it cannot be used at all; null = it can. */
  readonly problem: string | null;
  /** Requests of the remembered ones that went there. */
  readonly recentRequests: number;
}

export interface AccessFacts {
  readonly host: string;
  readonly adminToken: boolean;
  /** Long enough not to be guessed. */
  readonly adminTokenStrong: boolean;
  readonly anonymous: readonly string[];
  /** `/v1` wants a client key; null = not known yet. */
  readonly clientKeys: boolean | null;
  readonly encryptionKey: boolean;
  /** Callers of /admin that were refused since the start, and inline keys that were. */
  readonly refusals: readonly RefusalFacts[];
}

export interface RefusalFacts {
  readonly what: 'unauthorized' | 'inline_key';
  readonly count: number;
  readonly lastAt: number;
  /** What the last one was told. */
  readonly message: string;
}

export interface DatabaseFacts {
  readonly kind: 'sqlite' | 'postgres';
  /** For people, without a password. */
  readonly shown: string;
  readonly ready: boolean;
  readonly error: string | null;
}

export interface RedisFacts {
  readonly status: 'alone' | 'up' | 'away';
  /** Its container starts it, and nobody else. */
  readonly ofContainer: boolean;
  readonly error: string | null;
  readonly warnings: readonly string[];
}

export interface FleetFacts {
  readonly problems: readonly { readonly code: string; readonly message: string }[];
  readonly replicas: readonly PeerView[];
  readonly workers: readonly PeerView[];
}

export interface PeerView {
  readonly instanceId: string;
  readonly version: string;
  readonly host: string;
  readonly lagMs: number;
}

export interface SpoolFacts {
  readonly pending: number;
  readonly bytes: number;
  readonly maxBytes: number;
  readonly oldestAt: number | null;
  readonly shedBodies: number;
  readonly shedRecords: number;
  readonly tornRecords: number;
  readonly deadRecords: number;
  readonly writable: boolean;
  readonly drainError: string | null;
}

export interface DiskFacts {
  readonly dataDir: string;
  readonly inContainer: boolean;
  /** SQLite file, where there is one. */
  readonly sqlitePath: string | null;
  /** The SQLite file, where there is one, and the data directory with the spool. */
  readonly places: readonly DiskPlace[];
  /** Others may enter it. */
  readonly openDirectory: string | null;
}

export interface DiskPlace {
  readonly holds: 'records' | 'spool';
  readonly path: string;
  /** Null where it cannot be told. */
  readonly freeBytes: number | null;
  readonly writable: boolean;
  /** Why what is written there ends with the container, or the machine; null = it stays. */
  readonly passing: string | null;
}

/** What this process sees pass, from memory. */
export interface TrafficFacts {
  readonly uptimeMs: number;
  readonly inFlight: number;
  /** Requests this process has routed, of the last 200; newest first. */
  readonly lastRoutedAt: number | null;
  readonly baseUrl: string;
  /** Asked for lately. */
  readonly askedPools: readonly string[];
  /** Program file, where it was started without the heap that the start script and the image give it; else null. */
  readonly smallHeapOf: string | null;
}

/** The newest requests in SQL. */
export interface HistoryFacts {
  readonly newestAt: number | null;
  /** Older than retention allows, by more than a day. */
  readonly overdueAt: number | null;
  /** Of the last ones that were to run a model: what became of them, and how many tell no tokens. */
  readonly endings: readonly EndingFacts[];
  /** Open for longer than an attempt may take. */
  readonly unfinished: number;
  readonly bodies: number;
  readonly truncatedBodies: number;
}

/** Hours with answered requests that the sums should hold since hours, and do not: when the first began, and how many. */
export interface UnsummedFacts {
  readonly first: number | null;
  readonly hours: number;
}

export interface EndingFacts {
  readonly resourceId: string | null;
  readonly state: string;
  readonly requests: number;
  readonly withoutTokens: number;
}

export interface ClockFacts {
  /** Wall clock here less the one there, ms; the error is what the question took and a second. */
  readonly offsets: readonly { readonly of: string; readonly ms: number }[];
}

/** Seen from outside of the process. */
export interface ProcessFacts {
  readonly url: string;
  /** `outside`: it answers elsewhere, and was not asked as an operator. */
  readonly state: 'running' | 'refused' | 'outside' | 'silent' | 'stranger' | 'not_there';
  /** 401 and the like: what the process said to the doctor. */
  readonly said: string | null;
  /** `/readyz` as it answers, where it does: what is wrong by name. */
  readonly notReady: readonly string[];
}

/** How a process that its container started came to its end without being told to. */
export interface EndFacts {
  readonly process: string;
  /** Null where a signal ended it. */
  readonly code: number | null;
  readonly signal: number | null;
  /** Epoch ms. */
  readonly at: number;
  /** The container ended with it; otherwise it was started again. */
  readonly containerEnded: boolean;
  /** On standard error, without secrets. */
  readonly lastLine: string | null;
}

export interface CodexFileFacts {
  readonly path: string;
  readonly problems: readonly CodexProblem[];
  /** Provider that is used without further ado. */
  readonly provider: string | null;
  readonly baseUrl: string | null;
  readonly pointsHere: boolean;
}

export interface CodexProblem {
  readonly kind:
    | 'inline_string'
    | 'unknown_provider'
    | 'wire_api'
    | 'base_url'
    | 'env_key'
    | 'built_in_override'
    | 'unreadable';
  readonly line: number | null;
  readonly text: string;
}

/** What a streamed self-test through an address found. */
export interface PublicUrlFacts {
  readonly url: string;
  readonly reach: { readonly ok: boolean; readonly said: string };
  readonly stream: StreamFacts | null;
  readonly silence: SilenceFacts | null;
  readonly websocket: { readonly ok: boolean; readonly said: string } | null;
  /** Sent and not received. */
  readonly lostHeaders: readonly string[] | null;
  readonly body: { readonly sentBytes: number; readonly ok: boolean; readonly said: string } | null;
}

/** One turn of a model, asked for because it costs tokens. */
export interface TurnFacts {
  readonly url: string;
  readonly model: string;
  /** It came to its end. */
  readonly ok: boolean;
  /** How it ended, or what went wrong. */
  readonly said: string;
  readonly status: number | null;
  readonly firstByteMs: number | null;
  readonly endedMs: number;
  readonly resourceId: string | null;
  readonly requestId: string | null;
  readonly servedModel: string | null;
  readonly inputTokens: number | null;
  readonly outputTokens: number | null;
}

export interface StreamFacts {
  readonly events: number;
  readonly received: number;
  readonly sentOverMs: number;
  readonly receivedOverMs: number;
  readonly encoding: string | null;
}

export interface SilenceFacts {
  readonly askedMs: number;
  /** Null = it held. */
  readonly cutAfterMs: number | null;
}
