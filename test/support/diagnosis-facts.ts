import type {
  DiskFacts,
  DiskPlace,
  HistoryFacts,
  SettingsFacts,
  SpoolFacts,
  TrafficFacts,
} from '../../src/diagnosis/facts.js';

/** Plain values of an installation that is well, for the checks. */
export const NOW = 1_795_410_000_000;
export const DAY = 86_400_000;
export const SETTINGS: SettingsFacts = {
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
export const DISK: DiskFacts = {
  dataDir: '/data',
  inContainer: true,
  sqlitePath: '/data/proxy.sqlite3',
  places: [
    { holds: 'records', path: '/data/proxy.sqlite3', freeBytes: 10 ** 11, writable: true, passing: null },
    { holds: 'spool', path: '/data', freeBytes: 10 ** 11, writable: true, passing: null },
  ],
  openDirectory: null,
};
export const SPOOL: SpoolFacts = {
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
export const HISTORY: HistoryFacts = {
  newestAt: NOW,
  overdueAt: null,
  endings: [],
  unfinished: 0,
  bodies: 0,
  truncatedBodies: 0,
};
export const TRAFFIC: TrafficFacts = {
  uptimeMs: 60_000,
  inFlight: 0,
  lastRoutedAt: NOW,
  baseUrl: 'http://127.0.0.1:8000',
  askedPools: ['fast'],
  smallHeapOf: null,
};
export const PEER = { instanceId: 'a', version: '1', host: 'x', lagMs: 0 };
export const FLEET = { problems: [], replicas: [PEER], workers: [] };
export const PROVIDER = {
  id: 'team',
  name: 'Team',
  poolId: 'slow',
  enabled: true,
  problem: null,
  recentRequests: 0,
};
export const KEY = {
  id: 'team',
  source: 'registry',
  origin: 'Team',
  baseUrl: 'https://api.example.com/v1',
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

/** A disk of which one place, or each, is different. */
export const diskWith = (change: Partial<DiskPlace>, holds?: DiskPlace['holds']): DiskFacts => ({
  ...DISK,
  places: DISK.places.map((place) =>
    holds === undefined || place.holds === holds ? { ...place, ...change } : place,
  ),
});
