import { describe, expect, it } from 'vitest';
import { diagnose, findingsOf, merge } from './diagnose.js';
import type { DiskFacts, Facts, HistoryFacts, SettingsFacts, SpoolFacts, TrafficFacts } from './facts.js';

const NOW = 1_795_410_000_000;
const DAY = 86_400_000;
const SETTINGS: SettingsFacts = {
  host: '127.0.0.1',
  port: 8000,
  problems: [],
  warnings: [],
  databaseKind: 'sqlite',
  databaseOrigin: 'PROXY_DATA_DIR',
  ignoredDatabases: [],
  redis: false,
  captureBytes: 2_000_000,
  retentionDays: 30,
  bodyRetentionDays: 7,
  websocket: true,
  tlsUnchecked: false,
};
const DISK: DiskFacts = {
  dataDir: '/data',
  freeBytes: 10 ** 11,
  totalBytes: 10 ** 12,
  writable: true,
  inContainer: true,
  sqlitePath: '/data/proxy.sqlite3',
  passing: null,
  openDirectory: null,
};
const SPOOL: SpoolFacts = {
  pending: 0,
  bytes: 0,
  maxBytes: 2 ** 30,
  oldestAt: null,
  shedBodies: 0,
  shedRecords: 0,
  tornRecords: 0,
  deadRecords: 0,
  writable: true,
  drainError: null,
};
const HISTORY: HistoryFacts = {
  newestAt: NOW,
  overdueAt: null,
  unsummedAt: null,
  endings: [],
  unfinished: 0,
  bodies: 0,
  truncatedBodies: 0,
};
const TRAFFIC: TrafficFacts = {
  uptimeMs: 60_000,
  inFlight: 0,
  lastRoutedAt: NOW,
  baseUrl: 'http://127.0.0.1:8000',
  askedPools: ['fast'],
  smallHeapOf: null,
};
const PEER = { instanceId: 'a', version: '1', host: 'x', lagMs: 0 };
const FLEET = { problems: [], replicas: [PEER], workers: [] };
const PROVIDER = {
  id: 'team',
  name: 'Team',
  poolId: 'slow',
  enabled: true,
  problem: null,
  recentRequests: 0,
};
const KEY = {
  id: 'team',
  source: 'registry',
  origin: 'Team',
  poolId: 'slow',
  status: 'healthy',
  reason: 'served',
  detail: null,
  until: null,
  probeStatus: 200,
  probeError: null,
  organization: 'org-a',
  deniedModels: [],
  models: ['gpt-5.5'],
} as const;

const found = (facts: Omit<Facts, 'now'>): string[] =>
  findingsOf(diagnose({ now: NOW, ...facts })).map(({ id, severity }) => `${severity} ${id}`);
const problem = (code: string) => ({ fleet: { ...FLEET, problems: [{ code, message: 'as it is' }] } });

/** What cannot be made real everywhere: full disks, lost records, days that pass. The rest is in test/e2e/doctor*.spec.ts. */
describe('the checks', () => {
  it('find nothing where nothing is wrong, and say what they could not see', () => {
    const facts = {
      settings: SETTINGS,
      disk: DISK,
      spool: SPOOL,
      history: HISTORY,
      traffic: TRAFFIC,
      fleet: FLEET,
    };
    const diagnosis = diagnose({ now: NOW, ...facts, keys: [{ ...KEY, poolId: null }] });
    expect([diagnosis.status, findingsOf(diagnosis)]).toEqual(['ok', []]);
    const skipped = diagnosis.checks.filter(({ outcome }) => outcome === 'skipped').map(({ name }) => name);
    expect(skipped).toContain('public_url');
    expect(skipped).not.toContain('spool');
  });

  it.each<[string, Omit<Facts, 'now'>]>([
    ['error records_in_container', { settings: SETTINGS, disk: { ...DISK, passing: 'no volume' } }],
    ['error disk_full', { disk: { ...DISK, freeBytes: 10 ** 6 } }],
    ['warning disk_nearly_full', { disk: { ...DISK, freeBytes: 5 * 10 ** 8 } }],
    ['error data_directory_unwritable', { disk: { ...DISK, writable: false } }],
    ['note data_directory_open', { disk: { ...DISK, openDirectory: 'chmod it' } }],
    ['warning records_wait', { spool: { ...SPOOL, pending: 3, oldestAt: NOW - 61_000 } }],
    ['error records_lost', { spool: { ...SPOOL, shedRecords: 1 } }],
    ['warning records_lost', { spool: { ...SPOOL, shedBodies: 1, tornRecords: 1, deadRecords: 1 } }],
    ['warning retention_behind', { settings: SETTINGS, history: { ...HISTORY, overdueAt: NOW - 40 * DAY } }],
    [
      'warning hours_not_summed',
      {
        settings: SETTINGS,
        history: { ...HISTORY, unsummedAt: NOW - 4 * 3_600_000 },
        traffic: { ...TRAFFIC, uptimeMs: 3 * 3_600_000 },
      },
    ],
    ['warning requests_without_end', { traffic: TRAFFIC, history: { ...HISTORY, unfinished: 2 } }],
    ['note small_heap', { traffic: { ...TRAFFIC, smallHeapOf: '/app/dist/cli/main.js' } }],
    ['error other_database', problem('other_database')],
    ['error other_redis', problem('other_redis')],
    ['warning no_worker', problem('no_worker')],
    ['note versions_differ', { fleet: { ...FLEET, workers: [{ ...PEER, version: '2' }] } }],
    ['note provider_pool_not_asked_for', { providers: [PROVIDER], keys: [KEY], traffic: TRAFFIC }],
    [
      'note models_differ',
      { keys: [KEY, { ...KEY, id: 'b', models: [] }, { ...KEY, id: 'c', models: ['other'] }] },
    ],
    ['note organization_unknown', { keys: [KEY, { ...KEY, id: 'b', organization: null }] }],
    ['note key_paused', { keys: [KEY, { ...KEY, id: 'b', reason: 'rate_limited', until: NOW + 5_000 }] }],
  ])('%s', (expected, facts) => {
    expect(found(facts)).toEqual([expected]);
  });

  it('believe whoever could see: the process, and from here only what it could not', () => {
    const there = diagnose({ now: NOW, disk: { ...DISK, freeBytes: 10 ** 6 } });
    const here = diagnose({ now: NOW, disk: DISK, spool: { ...SPOOL, shedRecords: 1 } });
    expect(findingsOf(merge(there, here)).map(({ id }) => id)).toEqual(['records_lost', 'disk_full']);
    expect(merge(there, here).status).toBe('error');
  });
});
