import { isKeyPrefix, isPostgresUrl, isRedisUrl, isSqliteUrl } from './env-checks.js';
import { Choice, Switch, Text, UnlessSet, WholeNumber } from './env-variable.js';

const POSTGRES = 'a URL beginning with postgres:// or postgresql://';

const AS_REQUESTS = { default: null, defaultText: 'as requests', min: 1, max: 3650 } as const;

/** Where records live and for how long. */
export class StorageEnv {
  @Text({
    default: null,
    accepted: POSTGRES,
    check: isPostgresUrl,
    secret: true,
    meaning: 'Postgres for the history, instead of SQLite.',
  })
  readonly PROXY_DATABASE_URL!: string | null;

  @Text({
    default: null,
    accepted: POSTGRES,
    check: isPostgresUrl,
    secret: true,
    meaning: 'Read when `PROXY_DATABASE_URL` is unset.',
  })
  @UnlessSet('PROXY_DATABASE_URL')
  readonly SERVICE_DATABASE_URL!: string | null;

  @Text({
    default: null,
    accepted: POSTGRES,
    check: isPostgresUrl,
    secret: true,
    meaning: 'Read when neither of the two above is set.',
  })
  @UnlessSet('PROXY_DATABASE_URL', 'SERVICE_DATABASE_URL')
  readonly DATABASE_URL!: string | null;

  @Text({
    default: null,
    defaultText: 'sqlite:///./data/proxy.sqlite3',
    accepted: 'sqlite:///./relative/file or sqlite:////absolute/file',
    check: isSqliteUrl,
    address: true,
    meaning: 'SQLite file, used when no Postgres URL is set; the default follows `PROXY_DATA_DIR`.',
  })
  readonly PROXY_SQLITE_URL!: string | null;

  @Text({
    default: './data',
    accepted: 'a directory',
    meaning: 'Everything the process keeps on disk: the spool, and SQLite unless told otherwise.',
  })
  readonly PROXY_DATA_DIR!: string;

  @Text({
    default: null,
    accepted: 'a URL beginning with redis:// or rediss://, or unix:///path/of/a/socket',
    check: isRedisUrl,
    secret: true,
    meaning:
      'Shared state of several processes, and the way of their records to the workers; unset, a process keeps to itself.',
  })
  readonly PROXY_REDIS_URL!: string | null;

  @Text({
    default: 'rpx',
    accepted: 'up to 64 letters, digits, dots, dashes, underscores and colons',
    check: isKeyPrefix,
    meaning: 'Begins every key in Redis; installations that share a Redis need different ones.',
  })
  readonly PROXY_REDIS_PREFIX!: string;

  @Switch({
    default: null,
    defaultText: 'on without Redis, off with',
    meaning:
      'The API process is a worker too: it writes the records of all. Without Redis it always writes its own.',
  })
  readonly PROXY_IN_PROCESS_WORKER!: boolean | null;

  @WholeNumber({
    default: 2_000_000,
    min: 0,
    max: 1_073_741_824,
    meaning: 'Most bytes kept of each request body and of each response body; 0 keeps none.',
  })
  readonly PROXY_MAX_CAPTURE_BYTES!: number;

  @WholeNumber({
    default: 33_554_432,
    min: 0,
    max: 8_589_934_592,
    meaning:
      'Most bytes held in memory of response bodies under way, all together, beyond the first 64 KB of each; past it the ' +
      'stored body is cut there. Usage is found all the same.',
  })
  readonly PROXY_CAPTURE_BUFFER_BYTES!: number;

  @Choice({
    default: 'serve',
    of: ['serve', 'strict'],
    meaning:
      'When the disk has no room for the record of a request: `serve` answers it and counts the loss, `strict` refuses ' +
      'it with `503 capture_unavailable` before anything is sent, and `/readyz` says no.',
  })
  readonly PROXY_CAPTURE_MODE!: 'serve' | 'strict';

  @WholeNumber({
    default: 30,
    min: 1,
    max: 3650,
    meaning: 'Days that requests with their attempts stay, and what has no limit of its own below.',
  })
  readonly PROXY_RETENTION_DAYS!: number;

  @WholeNumber({ default: 7, min: 0, max: 3650, meaning: 'Days that captured bodies stay.' })
  readonly PROXY_BODY_RETENTION_DAYS!: number;

  @WholeNumber({
    ...AS_REQUESTS,
    meaning: 'Days that decisions with their candidates stay: most of the rows.',
  })
  readonly PROXY_DECISION_RETENTION_DAYS!: number | null;

  @WholeNumber({
    ...AS_REQUESTS,
    meaning: 'Days that events stay: what happened to keys, the spool and processes.',
  })
  readonly PROXY_EVENT_RETENTION_DAYS!: number | null;

  @WholeNumber({ ...AS_REQUESTS, meaning: 'Days that a session and its totals stay after its last request.' })
  readonly PROXY_SESSION_RETENTION_DAYS!: number | null;

  @WholeNumber({
    ...AS_REQUESTS,
    meaning:
      'Days that sums of use stay: by hour, model, key and caller as long as requests at least, by client key 62 at least, which budgets look back on.',
  })
  readonly PROXY_USAGE_RETENTION_DAYS!: number | null;

  @WholeNumber({
    default: 1_073_741_824,
    min: 1_048_576,
    max: 1_099_511_627_776,
    meaning: 'Most bytes of records waiting on disk for the database; bodies are dropped first.',
  })
  readonly PROXY_SPOOL_MAX_BYTES!: number;

  @WholeNumber({
    default: 8_388_608,
    min: 65_536,
    max: 1_073_741_824,
    meaning: 'Size at which a spool file is closed and the next one begun.',
  })
  readonly PROXY_SPOOL_SEGMENT_BYTES!: number;
}
