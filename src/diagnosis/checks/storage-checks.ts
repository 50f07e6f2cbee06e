import { BY_THE_PROXY, check, type Given } from '../check.js';
import { section, type Finding } from '../finding.js';

const GONE = section('records-disappear-after-redeploy');
const NO_REQUESTS = section('dashboard-shows-resources-but-no-recent-requests');
const FULL = section('the-disk-is-full-or-records-wait');
const REDIS = section('redis-is-away-or-its-settings-lose-records');

const MB = 1024 * 1024;
const LITTLE_BYTES = 1024 * MB;
const NOTHING_BYTES = 100 * MB;
const LONG_WAIT_MS = 60_000;

/** Where records live and how they get there. */
export const STORAGE_CHECKS = [
  check('lasting', 'records outlive a redeploy', ['disk', 'settings'], BY_THE_PROXY, (facts) => [
    ...passingStorage(facts),
    ...otherDatabases(facts),
  ]),
  check('database', 'the database can be reached', ['database'], BY_THE_PROXY, databaseAway),
  check('redis', 'Redis can be reached and keeps what it is given', ['redis'], BY_THE_PROXY, redisAway),
  check('fleet', 'all processes use the same stores, and a worker runs', ['fleet'], BY_THE_PROXY, (facts) => [
    ...fleetProblems(facts),
    ...versions(facts),
  ]),
  check('spool', 'records reach the database', ['spool'], BY_THE_PROXY, (facts) => [
    ...stuck(facts),
    ...lost(facts),
  ]),
  check('disk', 'the disk has room', ['disk'], BY_THE_PROXY, (facts) => [
    ...room(facts),
    ...openDirectory(facts),
  ]),
];

function passingStorage({ disk, settings }: Given<'disk' | 'settings'>): Finding[] {
  if (disk.passing === null) return [];
  const records = settings.databaseKind === 'sqlite' && disk.sqlitePath !== null;
  return [
    {
      id: records ? 'records_in_container' : 'spool_in_container',
      severity: records ? 'error' : 'warning',
      symptom: records
        ? 'Records disappear after a redeploy.'
        : 'Records that wait for the database disappear with the container.',
      evidence: [`${disk.sqlitePath ?? disk.dataDir}: ${disk.passing}`],
      cause: records
        ? 'The history is a SQLite file inside of the container, which ends with it.'
        : 'The spool is inside of the container, which ends with it.',
      fix: 'docker run -v responses-proxy:/data -e PROXY_DATA_DIR=/data …   # or set PROXY_DATABASE_URL=postgres://…; `responses-proxy migrate-data` takes what is there along',
      docs: GONE,
    },
  ];
}

function otherDatabases({ settings }: Given<'settings'>): Finding[] {
  if (settings.ignoredDatabases.length === 0) return [];
  return [
    {
      id: 'several_database_variables',
      severity: 'warning',
      symptom: 'Records are in another database than expected, or only a part of them is here.',
      evidence: [
        `in use: ${settings.databaseOrigin}; set, different and not read: ${settings.ignoredDatabases.join(', ')}`,
      ],
      cause:
        'Several variables name a database; the first of PROXY_DATABASE_URL, SERVICE_DATABASE_URL, DATABASE_URL and PROXY_SQLITE_URL counts. A process that has only the later one writes elsewhere.',
      fix: 'Set PROXY_DATABASE_URL, the same for every API process and worker, and remove the others.',
      docs: GONE,
    },
  ];
}

function databaseAway({ database }: Given<'database'>): Finding[] {
  if (database.ready) return [];
  return [
    {
      id: 'database_unreachable',
      severity: 'error',
      symptom:
        'History and usage answer 503 database_unavailable, and new records do not show. Requests are served all the same.',
      evidence: [`${database.shown}: ${database.error ?? 'not connected yet'}`],
      cause: 'The database does not answer, refuses the login, or cannot be written.',
      fix:
        database.kind === 'postgres'
          ? 'From the machine or container of the proxy: psql "$PROXY_DATABASE_URL" -c "select 1". Records wait on disk and are written when it is back.'
          : 'Look at the file and its directory: owner, disk, read-only mount. Records wait in the spool.',
      docs: section('the-database-cannot-be-reached'),
    },
  ];
}

function redisAway({ redis }: Given<'redis'>): Finding[] {
  const settings = redis.warnings.map((warning): Finding => ({
    id: 'redis_settings',
    severity: 'warning',
    symptom: 'Redis drops what it was given, or refuses it when it is full.',
    evidence: [warning],
    cause: 'A setting of the Redis server does not fit this use.',
    fix: warning.includes('maxmemory-policy')
      ? 'redis-cli CONFIG SET maxmemory-policy noeviction   # and in redis.conf'
      : 'Change what the evidence names, or use another Redis.',
    docs: REDIS,
  }));
  if (redis.status !== 'away') return settings;
  const away: Finding = {
    id: 'redis_away',
    severity: 'error',
    symptom:
      'Replicas do not see each other, and workers get no records: /readyz says redis: degraded. Requests are served all the same.',
    evidence: [redis.error ?? 'no connection yet'],
    cause: 'Redis did not start, cannot be reached from here, or takes no writes.',
    fix: 'From the machine or container of the proxy: redis-cli -u "$PROXY_REDIS_URL" PING. One process alone needs no Redis: unset PROXY_REDIS_URL.',
    docs: REDIS,
  };
  return [away, ...settings];
}

const FLEET: Readonly<Record<string, Pick<Finding, 'symptom' | 'cause' | 'fix' | 'docs' | 'severity'>>> = {
  other_database: {
    severity: 'error',
    symptom: 'Records seem to disappear: each process shows a part of the history.',
    cause: 'API processes and workers use different databases.',
    fix: 'Set PROXY_DATABASE_URL to the same value for every API process and worker, then restart those that differ.',
    docs: GONE,
  },
  other_redis: {
    severity: 'error',
    symptom: 'The dashboard shows resources but no recent requests, or other ones than its neighbour.',
    cause: 'Processes on one database use different Redis stores or prefixes, or some of them none.',
    fix: 'Set PROXY_REDIS_URL and PROXY_REDIS_PREFIX to the same values for every API process and worker, then restart those that differ.',
    docs: NO_REQUESTS,
  },
  no_worker: {
    severity: 'warning',
    symptom: 'The dashboard shows recent requests late, or not at all.',
    cause: 'No worker is running.',
    fix: 'responses-proxy worker   # with the same PROXY_REDIS_URL and PROXY_DATABASE_URL; or PROXY_IN_PROCESS_WORKER=true for the API process',
    docs: NO_REQUESTS,
  },
};

/** Settings of Redis have a check of their own. */
function fleetProblems({ fleet }: Given<'fleet'>): Finding[] {
  return fleet.problems.flatMap(({ code, message }) => {
    const known = FLEET[code];
    return known === undefined ? [] : [{ id: code, ...known, evidence: [message] }];
  });
}

function versions({ fleet }: Given<'fleet'>): Finding[] {
  const all = [...fleet.replicas, ...fleet.workers];
  const different = new Set(all.map(({ version }) => version));
  if (different.size < 2) return [];
  return [
    {
      id: 'versions_differ',
      severity: 'note',
      symptom: 'Processes behave differently.',
      evidence: all.map(({ instanceId, host, version }) => `${instanceId} on ${host}: ${version}`),
      cause: 'Different versions run beside each other, as they do during a deploy.',
      fix: 'Nothing has to be done during a deploy. Otherwise bring all of them to one version.',
      docs: NO_REQUESTS,
    },
  ];
}

function stuck({ spool, now }: Given<'spool'>): Finding[] {
  const waitMs = spool.oldestAt === null ? 0 : now - spool.oldestAt;
  if (spool.drainError === null && waitMs < LONG_WAIT_MS) return [];
  return [
    {
      id: 'records_wait',
      severity: 'warning',
      symptom: 'The dashboard shows resources but no recent requests.',
      evidence: [
        `${spool.pending} records wait on disk (${Math.ceil(spool.bytes / MB)} of ${Math.ceil(spool.maxBytes / MB)} MB), the oldest for ${Math.round(waitMs / 1000)} s`,
        ...(spool.drainError === null ? [] : [spool.drainError]),
      ],
      cause:
        'The database, or the way there, does not take what is written. Nothing is lost until the spool is full; bodies go first then.',
      fix: 'Mend what the evidence names. The records follow by themselves.',
      docs: FULL,
    },
  ];
}

function lost({ spool }: Given<'spool'>): Finding[] {
  const lines = [
    ...(spool.writable ? [] : ['the disk refuses writes']),
    ...(spool.shedRecords > 0 ? [`${spool.shedRecords} records were dropped since the start`] : []),
    ...(spool.shedBodies > 0 ? [`${spool.shedBodies} bodies were dropped since the start`] : []),
    ...(spool.tornRecords > 0 ? [`${spool.tornRecords} records could not be read back`] : []),
    ...(spool.deadRecords > 0
      ? [`${spool.deadRecords} records no database would take lie in spool/dead`]
      : []),
  ];
  if (lines.length === 0) return [];
  return [
    {
      id: 'records_lost',
      severity: spool.writable && spool.shedRecords === 0 ? 'warning' : 'error',
      symptom: 'Requests are served, but some of them, or their bodies, are missing in the history.',
      evidence: lines,
      cause:
        'The disk was full or broken, or the database was away for longer than PROXY_SPOOL_MAX_BYTES lasts.',
      fix: 'Make room on the disk of PROXY_DATA_DIR, or raise PROXY_SPOOL_MAX_BYTES. What was dropped does not come back.',
      docs: FULL,
    },
  ];
}

function room({ disk, spool }: Given<'disk'>): Finding[] {
  if (!disk.writable) return [unwritable(disk.dataDir)];
  const { freeBytes: free } = disk;
  const mayGrow = spool == null ? LITTLE_BYTES : spool.maxBytes - spool.bytes;
  if (free === null || free > Math.min(LITTLE_BYTES, mayGrow)) return [];
  const full = free < NOTHING_BYTES;
  return [
    {
      id: full ? 'disk_full' : 'disk_nearly_full',
      severity: full ? 'error' : 'warning',
      symptom: 'Records, or their bodies, are about to be dropped.',
      evidence: [`${disk.dataDir}: ${Math.floor(free / MB)} MB free`],
      cause: 'The disk of PROXY_DATA_DIR has no room left.',
      fix: 'Make room, or put PROXY_DATA_DIR on a larger disk; PROXY_RETENTION_DAYS and PROXY_BODY_RETENTION_DAYS bound what SQLite grows to.',
      docs: FULL,
    },
  ];
}

function unwritable(dataDir: string): Finding {
  return {
    id: 'data_directory_unwritable',
    severity: 'error',
    symptom: 'The start ends with a line about PROXY_DATA_DIR, or records are dropped.',
    evidence: [`this user may not write to ${dataDir}`],
    cause: 'Owner, rights or a read-only mount.',
    fix: 'chown the directory to the user of the process (10001 in the image), mount it writable, or set PROXY_DATA_DIR to another one.',
    docs: FULL,
  };
}

function openDirectory({ disk }: Given<'disk'>): Finding[] {
  if (disk.openDirectory === null) return [];
  return [
    {
      id: 'data_directory_open',
      severity: 'note',
      symptom: 'Other users of this machine may read conversations.',
      evidence: [disk.openDirectory],
      cause: 'The directory was there before the proxy and keeps its rights.',
      fix: `chmod 700 '${disk.dataDir}'`,
      docs: section('the-proxy-is-open-to-strangers'),
    },
  ];
}
