import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { guidePage } from '../src/admin/guide-page.js';
import { ENV_SECTIONS } from '../src/config/env.js';
import { guidePath } from '../src/diagnosis/docs-link.js';
import { diagnose, findingsOf } from '../src/diagnosis/diagnose.js';
import type { AccessFacts, Facts, ProcessFacts, PublicUrlFacts, TurnFacts } from '../src/diagnosis/facts.js';
import type { Finding } from '../src/diagnosis/finding.js';
import {
  DAY,
  diskWith,
  FLEET,
  HISTORY,
  KEY,
  NOW,
  PEER,
  PROVIDER,
  SETTINGS,
  SPOOL,
  TRAFFIC,
} from './support/diagnosis-facts.js';
import { anchorsOf } from './support/markdown.js';
import { findingIds } from './support/finding-ids.js';

const ACCESS: AccessFacts = {
  host: '0.0.0.0',
  adminToken: false,
  adminTokenStrong: false,
  anonymous: ['proxy', 'telemetry'],
  clientKeys: false,
  encryptionKey: false,
  refusals: [],
};
const PROCESS: ProcessFacts = { url: 'http://127.0.0.1:8000', state: 'running', said: null, notReady: [] };
const TURN: TurnFacts = {
  url: 'http://127.0.0.1:8000',
  model: 'gpt-5.5',
  ok: true,
  said: 'response.completed',
  status: 200,
  firstByteMs: 1,
  endedMs: 2,
  resourceId: 'openai-1',
  requestId: 'req_1',
  servedModel: null,
  inputTokens: 1,
  outputTokens: null,
};
const PUBLIC: PublicUrlFacts = {
  url: 'https://proxy.example.com',
  reach: { ok: false, said: 'ECONNREFUSED' },
  stream: { events: 5, received: 5, sentOverMs: 800, receivedOverMs: 1, encoding: null },
  silence: { askedMs: 65_000, cutAfterMs: 60_000 },
  websocket: { ok: false, said: 'answered 400 instead of 101' },
  lostHeaders: ['session_id'],
  body: { sentBytes: 3e6, ok: false, said: 'answered 413' },
};
const BAD_KEY = { ...KEY, status: 'unhealthy' } as const;
const ENV_KEY = { ...KEY, id: 'openai-1', source: 'env', origin: 'OPENAI_API_KEYS[1]' } as const;
const refused = (reason: string, origin: string = ENV_KEY.origin) =>
  ({ ...ENV_KEY, ...BAD_KEY, reason, origin, id: reason, source: 'env' }) as const;
const problem = (code: string) => ({ code, message: 'as it is' });
const codex = [
  'inline_string',
  'unknown_provider',
  'wire_api',
  'base_url',
  'env_key',
  'built_in_override',
  'unreadable',
] as const;
const CODEX_FILE = {
  path: "/home/o'me/config.toml",
  problems: [],
  provider: null,
  baseUrl: null,
  pointsHere: false,
};

/** Between them, whatever a doctor can find. */
const WORLDS: readonly Omit<Facts, 'now'>[] = [
  {
    settings: SETTINGS,
    access: ACCESS,
    traffic: { ...TRAFFIC, lastRoutedAt: null, smallHeapOf: '/app/main.js' },
  },
  {
    access: {
      ...ACCESS,
      adminToken: true,
      refusals: [{ what: 'unauthorized', count: 1, lastAt: NOW, message: 'no token' }],
    },
  },
  { settings: { ...SETTINGS, problems: ['PORT must be a number'], tlsUnchecked: true } },
  { settings: { ...SETTINGS, warnings: ['PROXY_REQEST is ignored; did you mean PROXY_DATA_DIR?'] } },
  { settings: { ...SETTINGS, warnings: ['PROXY_WORKER_PORT has no use here'] } },
  { clock: { offsets: [{ of: 'api.example.com', ms: 60_000 }] } },
  { keys: [], settings: SETTINGS },
  {
    keys: [
      ...['invalid_key', 'forbidden', 'insufficient_quota', 'unreachable', 'server_errors', 'odd'].map((r) =>
        refused(r),
      ),
      refused('invalid_key', 'OPENAI_API_KEY_2'),
      { ...BAD_KEY, reason: 'invalid_key' },
    ],
  },
  {
    traffic: TRAFFIC,
    keys: [
      { ...ENV_KEY, organization: null, probeStatus: 403, deniedModels: ['gpt-secret'] },
      {
        ...KEY,
        poolId: 'slow',
        models: ['another'],
        organization: 'org-b',
        reason: 'rate_limited',
        until: NOW + 5_000,
      },
      { ...KEY, id: 'c', organization: 'org-c' },
      { ...BAD_KEY, id: 'd', poolId: 'dead', reason: 'forbidden' },
    ],
  },
  { keys: [KEY, { ...KEY, id: 'b', organization: null }] },
  {
    traffic: TRAFFIC,
    keys: [KEY, { ...BAD_KEY, id: 'bad' }],
    providers: [
      PROVIDER,
      { ...PROVIDER, id: 'off', enabled: false, problem: 'It is disabled' },
      { ...PROVIDER, id: 'unusable', problem: 'TEAM_KEY is unset' },
      { ...PROVIDER, id: 'bad' },
      { ...PROVIDER, id: 'absent' },
    ],
  },
  { settings: SETTINGS, disk: diskWith({ passing: 'memory' }), spool: { ...SPOOL, shedRecords: 1 } },
  { settings: SETTINGS, disk: { ...diskWith({ passing: 'memory' }, 'spool'), inContainer: false } },
  { disk: { ...diskWith({ freeBytes: 1 }), openDirectory: 'anybody' } },
  { disk: diskWith({ freeBytes: 5 * 10 ** 8 }) },
  { disk: diskWith({ writable: false }) },
  { disk: { ...diskWith({ writable: false }, 'records'), inContainer: false } },
  { settings: { ...SETTINGS, ignoredDatabases: ['DATABASE_URL'] }, disk: diskWith({}) },
  {
    settings: { ...SETTINGS, databaseKind: 'postgres', databaseOrigin: 'DATABASE_URL' },
    database: { kind: 'postgres', shown: 'postgres', ready: false, error: null },
  },
  { database: { kind: 'sqlite', shown: 'file', ready: false, error: null } },
  {
    redis: {
      status: 'away',
      ofContainer: false,
      error: null,
      warnings: ['maxmemory-policy is allkeys-lru', 'Redis 5.0.1 is too old'],
    },
  },
  {
    fleet: {
      ...FLEET,
      workers: [{ ...PEER, version: '2' }],
      problems: ['other_database', 'other_redis', 'no_worker'].map(problem),
    },
  },
  { redis: { status: 'away', ofContainer: true, error: null, warnings: [] }, traffic: TRAFFIC },
  ...[78, 9, 0].map((n) => ({
    ends: [
      {
        process: 'redis',
        code: n === 9 ? null : n,
        signal: n === 9 ? n : null,
        at: NOW,
        containerEnded: n > 0,
        lastLine: 'as it is',
      },
    ],
  })),
  { spool: { ...SPOOL, pending: 1, oldestAt: NOW - DAY } },
  {
    settings: { ...SETTINGS, bodyRetentionDays: 90 },
    history: { ...HISTORY, overdueAt: NOW - 40 * DAY, truncatedBodies: 1, bodies: 2 },
  },
  { settings: { ...SETTINGS, captureBytes: 0 }, history: { ...HISTORY, unfinished: 1 }, traffic: TRAFFIC },
  { traffic: { ...TRAFFIC, inFlight: 1 }, history: HISTORY },
  {
    traffic: { ...TRAFFIC, uptimeMs: DAY },
    unsummed: { first: NOW - DAY, hours: 1 },
  },
  ...['completed', 'client_aborted'].map((state) => ({
    keys: [KEY],
    history: { ...HISTORY, endings: [{ resourceId: KEY.id, state, requests: 9, withoutTokens: 9 }] },
  })),
  ...(['refused', 'outside', 'stranger', 'silent', 'not_there'] as const).map((state) => ({
    process: { ...PROCESS, state },
  })),
  { process: { ...PROCESS, notReady: ['database: away'] } },
  { codexFiles: [CODEX_FILE] },
  { codexFiles: [{ ...CODEX_FILE, problems: codex.map((kind) => ({ kind, line: 1, text: 'as it is' })) }] },
  { publicUrl: PUBLIC },
  {
    publicUrl: {
      ...PUBLIC,
      stream: { ...PUBLIC.stream!, received: 1 },
      lostHeaders: ['x-session-id'],
    },
  },
  { turn: TURN },
  { turn: { ...TURN, requestId: null } },
  { turn: { ...TURN, ok: false } },
  { turn: { ...TURN, ok: false, requestId: null } },
];

const ALL: readonly Finding[] = WORLDS.flatMap((facts) => findingsOf(diagnose({ now: NOW, ...facts })));

/** What no command can do: somebody else's project, a key that has to be fetched, one value for several machines. */
const PROSE = new Set([
  'configuration_invalid',
  'variable_without_effect',
  'key_refused',
  'key_may_not_list_models',
  'key_without_model',
  'key_paused',
  'models_differ',
  'organization_unknown',
  'organizations_mixed',
  'other_database',
  'other_redis',
  'versions_differ',
  'requests_without_end',
  'turn_served',
]);
const isProse = ({ fix }: Finding): boolean => /^[A-Z][a-z].*\.$/s.test(fix);
const isOfNginx = ({ fix }: Finding): boolean => /; {3}# nginx|\} {3}# nginx/.test(fix);
const PROGRAMS =
  /^(curl|export|unset|responses-proxy|PROXY_ADMIN_TOKEN=… responses-proxy|docker|redis-cli|psql|ss|ls|df|chmod|chown|sudo|timedatectl|node) /;
const KNOWN = new Set([
  ...ENV_SECTIONS.flatMap(({ variables }) => variables.map(({ name }) => name)),
  'HOME',
  'PROXY_REQEST',
]);

/** Bash whose input is a socket, as it is here, reads the start-up file of whoever runs the tests. */
const bash = (command: string, ...options: string[]) =>
  spawnSync('bash', ['--norc', ...options, '-c', command], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'] },
  });

describe('what the doctor says is to be done', () => {
  it('is looked at here for every finding there is', () => {
    const made = new Set(ALL.map(({ id }) => id));
    expect(findingIds().filter((id) => !made.has(id))).toEqual([]);
  });

  it('is a command, a setting of nginx, or, where no command can do it, a sentence', () => {
    const odd = ALL.filter(
      (one) => !(PROGRAMS.test(one.fix) || isOfNginx(one) || (isProse(one) && PROSE.has(one.id))),
    );
    expect(odd.map(({ id, fix }) => `${id}: ${fix}`)).toEqual([]);
    const proseIds = new Set(ALL.filter(isProse).map(({ id }) => id));
    expect([...PROSE].filter((id) => !proseIds.has(id))).toEqual([]);
  });

  it('links to a section that is there, as a file and as a page of the running proxy', () => {
    for (const docs of new Set(ALL.map((one) => one.docs))) {
      const [file = '', anchor = ''] = docs.split('#');
      const text = readFileSync(file, 'utf8');
      expect(anchorsOf(text), docs).toContain(anchor);
      expect(guidePage(text, new Set()), docs).toContain(`id="${anchor}"`);
      expect(guidePath(docs)).toMatch(/^\/docs\/guide\/[\w-]+#/);
    }
  });

  it('is read by a shell as it stands, with no variable that nobody sets', () => {
    const commands = [...new Set(ALL.filter((one) => PROGRAMS.test(one.fix)).map(({ fix }) => fix))];
    expect(commands.length).toBeGreaterThan(40);
    for (const command of commands) {
      const unset = [...command.matchAll(/\$\{?([A-Z_]+)/g)].filter(([, name = '']) => !KNOWN.has(name));
      expect(
        unset.map(([name]) => name),
        command,
      ).toEqual([]);
      expect(bash(command, '-n').stderr, command).toBe('');
    }
  });

  it('can be run where it changes the shell alone', () => {
    const harmless = ALL.map(({ fix }) => fix).filter((fix) => /^(export|unset) /.test(fix));
    expect(harmless.length).toBeGreaterThan(8);
    for (const command of harmless)
      expect(bash(`set -e; PROXY_REQEST=x; HOME=/; ${command}`), command).toMatchObject({
        status: 0,
        stderr: '',
      });
    const token = ALL.find(({ id }) => id === 'open_telemetry')?.fix ?? '';
    expect(bash(`${token}\nbash -c 'echo "$PROXY_ADMIN_TOKEN"'`).stdout).toMatch(/^[0-9a-f]{64}\n$/);
  });
});
