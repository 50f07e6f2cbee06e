import { resolve } from 'node:path';
import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import type { AppConfig } from './app-config.js';
import { ConfigError } from './config-error.js';
import { ENV_SECTIONS } from './env.js';
import { loadConfig } from './load-config.js';

type Environment = Record<string, string | undefined>;

const load = (env: Environment): AppConfig => loadConfig(env, '1.2.3');

function problemsOf(env: Environment): readonly string[] {
  try {
    load(env);
  } catch (e: unknown) {
    if (e instanceof ConfigError) return e.problems;
    throw e;
  }
  return [];
}

describe('loadConfig', () => {
  it('starts without any variable, on the documented defaults', () => {
    const config = load({});
    expect(config.server).toMatchObject({ host: '127.0.0.1', port: 8000, maxBodyBytes: 67_108_864 });
    expect(config.upstream.baseUrl).toBe('https://api.openai.com/v1');
    expect(config.database).toEqual({
      kind: 'sqlite',
      path: resolve('data/proxy.sqlite3'),
      origin: 'PROXY_DATA_DIR',
    });
    expect(config).toMatchObject({
      version: '1.2.3',
      keys: [],
      inProcessWorker: true,
      websocket: { enabled: true, maxSockets: 1_000, idleTimeoutMs: 600_000 },
      retry5xx: true,
      onDisconnect: { otherwise: 'abort' },
      logLevel: 'info',
      adminToken: null,
      capture: { maxBytes: 2_000_000, strict: false },
      retention: { days: 30, bodyDays: 7 },
      affinity: { sessionTtlMs: 86_400_000, responseTtlMs: 2_592_000_000 },
      warnings: [],
    });
  });

  it('treats empty and blank values as unset', () => {
    expect(load({ PORT: '', HOST: '  ', OPENAI_API_KEY: '', PROXY_ADMIN_TOKEN: ' ' })).toEqual(load({}));
  });

  it('has as many processes as asked for, or as there are cores, where Redis lets them act as one', () => {
    const count = (text: string, cores?: number): number =>
      loadConfig({ PROXY_PROCESSES: text, PROXY_REDIS_URL: 'redis://cache' }, '1.2.3', cores).processes;
    expect([load({}).processes, count('3'), count('auto', 6), count('auto', 96)]).toEqual([1, 3, 6, 64]);
    expect(load({ PROXY_PROCESSES: '1' }).processes).toBe(1);
    expect(loadConfig({ PROXY_PROCESSES: 'auto' }, '1.2.3', 1).processes).toBe(1);
    for (const text of ['0', '65', '2.5', '-1', 'many'])
      expect(problemsOf({ PROXY_PROCESSES: text })).toEqual([
        `PROXY_PROCESSES must be a whole number from 1 to 64, or auto (it is "${text}")`,
      ]);
  });

  it('refuses several processes without Redis, and says why and what to do', () => {
    expect(problemsOf({ PROXY_PROCESSES: '2', PORT: 'x' })).toHaveLength(2);
    expect(problemsOf({ PROXY_PROCESSES: '2' })).toEqual([
      'PROXY_PROCESSES=2 needs PROXY_REDIS_URL: without Redis each of the 2 processes would keep conversations, load, ' +
        'pauses and limits to itself. Set PROXY_REDIS_URL, or PROXY_PROCESSES=1',
    ]);
  });

  it('turns seconds into milliseconds, fractions included', () => {
    const { upstream, server } = load({
      PROXY_IDLE_TIMEOUT_SECONDS: '0.25',
      PROXY_DRAIN_TIMEOUT_SECONDS: '0',
    });
    expect(upstream.idleTimeoutMs).toBe(250);
    expect(server.drainTimeoutMs).toBe(0);
  });

  it('is frozen all the way down', () => {
    const config = load({ OPENAI_API_KEY: 'sk-one' });
    expect(() => Object.assign(config.server, { port: 1 })).toThrow(TypeError);
    expect(() => Object.assign(config.keys, { 0: null })).toThrow(TypeError);
    expect(() => Object.assign(config, { version: 'x' })).toThrow(TypeError);
  });

  it.each<[string, string, string]>([
    ['PORT', '80a', 'a whole number from 0 to 65535'],
    ['PORT', '65536', 'a whole number from 0 to 65535'],
    ['HOST', 'local host', 'an IP address or a host name'],
    ['PORT', '-1', 'a whole number from 0 to 65535'],
    ['PORT', '8e3', 'a whole number from 0 to 65535'],
    ['PROXY_MAX_BODY_BYTES', '64MB', 'a whole number'],
    ['PROXY_REQUEST_TIMEOUT_SECONDS', '0', 'a number of seconds from 0.05'],
    ['PROXY_REQUEST_TIMEOUT_SECONDS', '10m', 'a number of seconds'],
    ['PROXY_WEBSOCKET', 'maybe', 'on or off'],
    ['PROXY_ON_DISCONNECT', 'stay', 'one of abort, drain'],
    ['PROXY_ON_DISCONNECT_POOLS', 'batch', 'a comma-separated list of pool=abort'],
    ['PROXY_ON_DISCONNECT_POOLS', 'batch=stay', 'a comma-separated list of pool=abort'],
    ['OPENAI_RESOURCE_MAX_CONCURRENCY', '0', 'a whole number from 1'],
    ['OPENAI_RESOURCE_MAX_CONCURRENCY', '8,x', 'a whole number from 1'],
    ['PROXY_LOG_LEVEL', 'loud', 'one of fatal, error, warn, info'],
    ['PROXY_ANONYMOUS_ACCESS', 'proxy,admin', 'a comma-separated list of proxy, telemetry'],
    ['PROXY_ALLOWED_HOSTS', 'proxy.example:8000', 'a comma-separated list of host names'],
    ['PROXY_UPSTREAM_ALLOW_CIDRS', '10.0.0.0/33', 'a comma-separated list of networks'],
    ['PROXY_UPSTREAM_ALLOW_CIDRS', '10.0.0.0', 'a comma-separated list of networks'],
    ['PROXY_HEALTH_CHECK_PATH', 'models', 'a path beginning with /'],
    ['PROXY_HEALTH_CHECK_PATH', '/../admin', 'a path beginning with /'],
    ['OPENAI_RESOURCE_WEIGHTS', '1,zero', 'numbers greater than 0'],
    ['OPENAI_RESOURCE_WEIGHTS', '1,0', 'numbers greater than 0'],
    ['OPENAI_RESOURCE_POOL_ID', 'a,b', 'one pool name'],
  ])('refuses %s=%s and says what is accepted', (name, value, accepted) => {
    const problems = problemsOf({ OPENAI_API_KEYS: 'sk-1,sk-2', [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${name} must be`);
    expect(problems[0]).toContain(accepted);
    expect(problems[0]).toContain(JSON.stringify(value));
  });

  it.each<[string, string, string]>([
    ['HOST', 'http://localhost', 'an IP address or a host name'],
    ['PROXY_UPSTREAM_BASE_URL', 'api.openai.com', 'an http or https URL'],
    ['PROXY_UPSTREAM_BASE_URL', 'ftp://x/v1', 'an http or https URL'],
    ['PROXY_UPSTREAM_BASE_URL', 'https://x/v1?a=b', 'without query'],
    ['PROXY_SQLITE_URL', './proxy.sqlite3', 'sqlite:///./relative/file or sqlite:////absolute/file'],
    ['PROXY_SQLITE_URL', 'sqlite:///:memory:', 'sqlite:///./relative/file'],
  ])('refuses %s=%s, says what is accepted and does not repeat the address', (name, value, accepted) => {
    const problems = problemsOf({ [name]: value });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toContain(`${name} must be`);
    expect(problems[0]).toContain(accepted);
    expect(problems[0]).toContain('the value is not shown');
    expect(problems[0]).not.toContain(value);
  });

  const variables = ENV_SECTIONS.flatMap((section) => section.variables.map(({ name }) => name));
  const pasted = [
    'http://u:CANARY@h',
    'https://h/v1?key=CANARY',
    'postgres://u:CANARY@h/db?x',
    'redis://:CANARY@h',
    'sqlite:///x?CANARY#',
    'u:CANARY@h',
    'sk-CANARY 12345678',
    '"sk-CANARY"',
    'Bearer CANARY',
  ];

  it.each([...variables, 'OPENAI_API_KEY_1', 'PROXY_MISTYPED'])(
    'never prints credentials pasted into %s',
    (name) => {
      for (const value of pasted) {
        let said = '';
        try {
          said = load({ [name]: value }).warnings.join();
        } catch (e: unknown) {
          said = inspect(e, { depth: 10 });
        }
        expect(said, value).not.toContain('CANARY');
      }
    },
  );

  it.each<[string, string]>([
    ['PROXY_ADMIN_TOKEN', 'canary7'],
    ['PROXY_ADMIN_TOKEN', 'canary with blanks'],
    ['PROXY_SECRET_ENCRYPTION_KEY', 'canary-not-base64!'],
    ['PROXY_SECRET_ENCRYPTION_KEY', Buffer.from('canary-of-31-bytes-canary-of-31').toString('base64')],
    ['PROXY_SECRET_ENCRYPTION_KEY_PREVIOUS', Buffer.alloc(33, 'canary').toString('base64')],
    ['PROXY_DATABASE_URL', 'mysql://user:canary@db/x'],
    ['DATABASE_URL', 'canary'],
    ['PROXY_REDIS_URL', 'http://:canary@cache'],
    ['OPENAI_API_KEY', '"sk-canary"'],
    ['OPENAI_API_KEYS', 'sk-1,sk canary'],
    ['OPENAI_API_KEY_7', 'sk-canary\nx'],
  ])('refuses a bad %s without showing it', (name, value) => {
    try {
      load({ [name]: value });
      expect.unreachable();
    } catch (e: unknown) {
      expect(e).toBeInstanceOf(ConfigError);
      expect(String(e)).toContain(`${name} must be`);
      expect(inspect(e, { depth: 10 })).not.toContain(value);
      expect(inspect(e, { depth: 10 })).not.toMatch(/(sk[- ]|[:@"])canary/);
    }
  });

  it('lists every problem at once', () => {
    const problems = problemsOf({
      PORT: 'x',
      PROXY_LOG_LEVEL: 'y',
      PROXY_DATABASE_URL: 'z',
      OPENAI_RESOURCE_WEIGHTS: '1',
    });
    expect(problems.map((p) => p.split(' ')[0]).toSorted((a = '', b = '') => a.localeCompare(b))).toEqual([
      'OPENAI_RESOURCE_WEIGHTS',
      'PORT',
      'PROXY_DATABASE_URL',
      'PROXY_LOG_LEVEL',
    ]);
  });

  it('shows no secret when the configuration itself is printed', () => {
    const config = load({
      OPENAI_API_KEY: 'sk-canary',
      PROXY_ADMIN_TOKEN: 'canary-token',
      PROXY_DATABASE_URL: 'postgres://u:canary@db/x',
      PROXY_REDIS_URL: 'redis://:canary@cache',
    });
    expect(inspect(config, { depth: 10 }) + JSON.stringify(config)).not.toContain('canary');
    expect(config.adminToken?.reveal()).toBe('canary-token');
  });
});

describe('databases', () => {
  it.each<[string, Environment, string, string]>([
    [
      'the proxy’s own URL first',
      {
        PROXY_DATABASE_URL: 'postgres://a/1',
        SERVICE_DATABASE_URL: 'postgres://b/2',
        DATABASE_URL: 'mysql://c',
      },
      'PROXY_DATABASE_URL',
      'postgres://a/1',
    ],
    [
      'then the service’s',
      { SERVICE_DATABASE_URL: 'postgresql://b/2', DATABASE_URL: 'postgres://c/3' },
      'SERVICE_DATABASE_URL',
      'postgresql://b/2',
    ],
    [
      'then the general one, before SQLite',
      { DATABASE_URL: 'postgres://c/3', PROXY_SQLITE_URL: 'sqlite:///./x' },
      'DATABASE_URL',
      'postgres://c/3',
    ],
  ])('reads %s', (_name, env, origin, url) => {
    const { database } = load(env);
    expect(database).toMatchObject({ kind: 'postgres', origin });
    expect(database.kind === 'postgres' && database.url.reveal()).toBe(url);
  });

  it.each<[Environment, string]>([
    [{ PROXY_SQLITE_URL: 'sqlite:///./other/p.db' }, resolve('other/p.db')],
    [{ PROXY_SQLITE_URL: 'sqlite:///p.db' }, resolve('p.db')],
    [{ PROXY_SQLITE_URL: 'sqlite:////var/lib/p.db' }, '/var/lib/p.db'],
    [{ PROXY_SQLITE_URL: 'sqlite:////var/lib/p.db', PROXY_DATA_DIR: '/elsewhere' }, '/var/lib/p.db'],
    [{ PROXY_DATA_DIR: '/var/proxy' }, '/var/proxy/proxy.sqlite3'],
    [{ PROXY_DATA_DIR: 'here' }, resolve('here/proxy.sqlite3')],
  ])('%o keeps SQLite in %s', (env, path) => {
    expect(load(env).database).toMatchObject({ kind: 'sqlite', path });
  });
});

describe('other values', () => {
  it('drops trailing slashes of the base URL', () => {
    expect(load({ PROXY_UPSTREAM_BASE_URL: 'http://127.0.0.1:9/v1//' }).upstream.baseUrl).toBe(
      'http://127.0.0.1:9/v1',
    );
  });

  it('leaves the worker to another process when Redis is set, unless told otherwise', () => {
    expect(load({ PROXY_REDIS_URL: 'redis://r' }).inProcessWorker).toBe(false);
    expect(load({ PROXY_REDIS_URL: 'redis://r', PROXY_IN_PROCESS_WORKER: 'true' }).inProcessWorker).toBe(
      true,
    );
    expect(load({ PROXY_IN_PROCESS_WORKER: '0' }).inProcessWorker).toBe(false);
  });

  it('accepts 32 bytes as encryption key, padded or not', () => {
    const key = Buffer.alloc(32, 7).toString('base64');
    expect(load({ PROXY_SECRET_ENCRYPTION_KEY: key }).secretEncryptionKey?.reveal()).toBe(key);
    expect(load({ PROXY_SECRET_ENCRYPTION_KEY: key.replace('=', '') }).secretEncryptionKey).not.toBeNull();
  });

  it('reads the names it is called by', () => {
    expect(load({ PROXY_ALLOWED_HOSTS: 'Proxy.Example,*' }).allowedHosts).toEqual(['proxy.example', '*']);
  });

  it('reads both kinds of anonymous access', () => {
    expect([...load({ PROXY_ANONYMOUS_ACCESS: 'telemetry, proxy' }).anonymousAccess]).toEqual([
      'telemetry',
      'proxy',
    ]);
  });

  it('warns about names that look mistyped and suggests the nearest', () => {
    expect(
      load({ PROXY_REQEST_TIMEOUT_SECONDS: '5', PROXY_FOO: '1', PROXY_EMPTY: '', HOME: '/' }).warnings,
    ).toEqual([
      'PROXY_FOO is not a variable of this proxy and is ignored',
      'PROXY_REQEST_TIMEOUT_SECONDS is not a variable of this proxy and is ignored; did you mean PROXY_REQUEST_TIMEOUT_SECONDS?',
    ]);
  });
});
