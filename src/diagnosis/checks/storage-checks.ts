import { dirname } from 'node:path';
import { BY_THE_PROXY, check, type Given } from '../check.js';
import type { Facts } from '../facts.js';
import { section, type Finding } from '../finding.js';
import { quoted } from '../fix-commands.js';
import { DISK_CHECK, passingStorage } from './disk-checks.js';

const GONE = section('records-disappear-after-redeploy');
const NO_REQUESTS = section('dashboard-shows-resources-but-no-recent-requests');
const FULL = section('the-disk-is-full-or-records-wait');
const REDIS = section('redis-is-away-or-its-settings-lose-records');

const MB = 1024 * 1024;
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
  DISK_CHECK,
];

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
      fix: `unset ${settings.ignoredDatabases.join(' ')}   # where the proxy is started; ${settings.databaseOrigin} then is the only one. The same for every API process and worker`,
      docs: GONE,
    },
  ];
}

function databaseAway(facts: Given<'database'>): Finding[] {
  const { database } = facts;
  if (database.ready) return [];
  return [
    {
      id: 'database_unreachable',
      severity: 'error',
      symptom:
        'History and usage answer 503 database_unavailable, and new records do not show. Requests are served all the same.',
      evidence: [`${database.shown}: ${database.error ?? 'not connected yet'}`],
      cause: 'The database does not answer, refuses the login, or cannot be written.',
      fix: `${askDatabase(facts)}. Records wait on disk and are written when it is back`,
      docs: section('the-database-cannot-be-reached'),
    },
  ];
}

function redisAway({ redis, traffic }: Given<'redis'>): Finding[] {
  const settings = redis.warnings.map((warning): Finding => ({
    id: 'redis_settings',
    severity: 'warning',
    symptom: 'Redis drops what it was given, or refuses it when it is full.',
    evidence: [warning],
    cause: 'A setting of the Redis server does not fit this use.',
    fix: warning.includes('maxmemory-policy')
      ? `${ASK_REDIS} CONFIG SET maxmemory-policy noeviction   # and in redis.conf, which counts at its next start`
      : `${ASK_REDIS} INFO server   # which server it is: bring it to what the evidence asks for, or use another one`,
    docs: REDIS,
  }));
  // Whoever starts the container starts this one, too: while nothing runs its absence says nothing.
  if (redis.status !== 'away' || (redis.ofContainer && traffic == null)) return settings;
  const away: Finding = {
    id: 'redis_away',
    severity: 'error',
    symptom:
      'Replicas do not see each other, and workers get no records: /readyz says redis: degraded. Requests are served all the same.',
    evidence: [redis.error ?? 'no connection yet'],
    cause: redis.ofContainer
      ? 'The Redis of this container did not start, or has just ended; its supervisor starts it again.'
      : 'Redis did not start, cannot be reached from here, or takes no writes.',
    fix: redis.ofContainer
      ? 'docker compose logs --tail 50 proxy   # what Redis said last. It goes on by itself when it runs again'
      : `${ASK_REDIS} PING   # from the machine or container of the proxy. One process alone needs no Redis: unset PROXY_REDIS_URL`,
    docs: REDIS,
  };
  return [away, ...settings];
}

const ASK_REDIS = 'redis-cli -u "$PROXY_REDIS_URL"';

/** What shows why it does not answer, ending in a comment. */
function askDatabase({ settings, disk }: Facts): string {
  if (settings?.databaseKind === 'postgres')
    return `psql "$${settings.databaseOrigin}" -c 'select 1'   # from the machine or container of the proxy: says what it is told`;
  const file = disk?.sqlitePath ?? 'data/proxy.sqlite3';
  return `ls -ld ${quoted(dirname(file))} ${quoted(file)}; df -h ${quoted(dirname(file))}   # owner, rights and room`;
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

function stuck(facts: Given<'spool'>): Finding[] {
  const { spool, now } = facts;
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
      fix: `${askDatabase(facts)}. The records follow by themselves`,
      docs: FULL,
    },
  ];
}

function lost({ spool, disk }: Given<'spool'>): Finding[] {
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
      fix: `df -h ${quoted(disk?.dataDir ?? 'data')}   # make room there, or raise PROXY_SPOOL_MAX_BYTES (${spool.maxBytes} now). What was dropped does not come back`,
      docs: FULL,
    },
  ];
}
