import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagnostics, doctor, found } from '../support/doctor.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { freePort } from '../support/free-port.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { TestRedis } from '../support/redis.js';
import { describeWith } from '../support/skip.js';
import { until } from '../support/until.js';

const PASSWORD = 'pass-word-canary';
const home = mkdtempSync(join(tmpdir(), 'rpx-environment-'));
const binary = TestRedis.binary();
let upstream: FakeUpstream;
/** A missing worker is noticed after a while, which passes beside the other tests. */
let fleet: Promise<{ readonly redis: TestRedis; readonly replicas: readonly ProxyProcess[] }> | null = null;

async function startFleet(redisServer: string): Promise<NonNullable<Awaited<typeof fleet>>> {
  const redis = await TestRedis.start(redisServer, [
    '--maxmemory-policy',
    'allkeys-lru',
    '--maxmemory',
    '64mb',
  ]);
  const env = { PROXY_REDIS_URL: redis.url };
  const start = (): Promise<ProxyProcess> => ProxyProcess.start({ upstream, keys: ['sk-test-good'], env });
  const [one, two] = await Promise.all([start(), start()]);
  // The history of the first, and another database number of the same Redis.
  const third = await ProxyProcess.start({
    upstream,
    keys: ['sk-test-good'],
    env: {
      PROXY_REDIS_URL: `${redis.url.replace(/\/\d*$/, '')}/5`,
      PROXY_SQLITE_URL: `sqlite:///${join(one.dataDir, 'proxy.sqlite3')}`,
    },
  });
  return { redis, replicas: [one, two, third] };
}

beforeAll(async () => {
  upstream = await FakeUpstream.start({ keys: [{ key: 'sk-test-good', organization: 'org-good' }] });
  if (binary !== null) fleet = startFleet(binary);
});
afterAll(async () => {
  await upstream.stop();
  rmSync(home, { recursive: true, force: true });
});

const run = async (env: Record<string, string>) => {
  const port = env['PORT'] ?? String(await freePort());
  return doctor({ HOME: home, PROXY_DATA_DIR: join(home, 'data'), PORT: port, ...env });
};

describe('the doctor without a running proxy', () => {
  it('names what a start would find: no key, a mistyped one, no Redis, no database', async () => {
    const { json, code, stdout } = await run({
      OPENAI_APIKEY: 'sk-mistyped-canary',
      PROXY_REDIS_URL: `redis://:${PASSWORD}@127.0.0.1:9`,
      PROXY_DATABASE_URL: `postgres://me:${PASSWORD}@127.0.0.1:9/db`,
      DATABASE_URL: 'postgres://me@127.0.0.1:9/other',
    });
    expect([code, json.proxy]).toEqual([2, 'not_there']);
    expect(found(json, 'process_not_running')?.severity).toBe('warning');
    expect(found(json, 'no_resources')?.evidence.join()).toContain('did you mean OPENAI_API_KEY');
    expect(found(json, 'redis_away')?.evidence.join()).toContain('ECONNREFUSED');
    expect(found(json, 'database_unreachable')?.evidence.join()).toContain('ECONNREFUSED');
    expect(found(json, 'several_database_variables')?.evidence.join()).toContain('not read: DATABASE_URL');
    expect(stdout).not.toMatch(/canary/);
    expect(existsSync(join(home, 'data'))).toBe(false);
  });

  it('asks each key, and finds nothing wrong with good ones', async () => {
    const env = { PROXY_UPSTREAM_BASE_URL: upstream.baseUrl, OPENAI_API_KEYS: 'sk-test-good,sk-test-bad' };
    const { json, stdout } = await run({
      ...env,
      HOST: '0.0.0.0',
      PROXY_ANONYMOUS_ACCESS: 'telemetry',
      ...(existsSync('/dev/shm') ? { PROXY_DATA_DIR: '/dev/shm/rpx-doctor-of-nobody' } : {}),
    });
    expect(json.keys).toMatchObject([
      { resource_id: 'openai-1', status: 'healthy', organization: 'org-good', models: upstream.models },
      { resource_id: 'openai-2', status: 'unhealthy', models: null },
    ]);
    expect(found(json, 'open_telemetry')?.severity).toBe('warning');
    if (existsSync('/dev/shm')) {
      const gone = found(json, 'records_in_container');
      expect(gone?.severity).toBe('error');
      expect(gone?.evidence[0]).toMatch(/^\/dev\/shm\/.*proxy\.sqlite3 \(the SQLite file\): .*memory/);
    }
    expect(found(json, 'key_refused')?.evidence.join()).toMatch(
      /openai-2 \(OPENAI_API_KEYS\[2\]\): invalid_key/,
    );
    expect(stdout).not.toContain('sk-test-');
    const good = await run({ ...env, OPENAI_API_KEYS: 'sk-test-good' });
    expect(good.json.checks.find(({ name }) => name === 'keys')?.outcome).toBe('ok');
  });

  it('lists every problem of a configuration that cannot be used', async () => {
    const { json, code } = await run({ PORT: 'eighty', PROXY_ADMIN_TOKEN: 'canary' });
    expect(code).toBe(2);
    expect(found(json, 'configuration_invalid')?.evidence.join()).toMatch(
      /PORT must be.*PROXY_ADMIN_TOKEN must be/,
    );
    expect(JSON.stringify(json)).not.toContain('canary');
  });

  it('tells another program on the port from a proxy, and one that does not answer', async () => {
    const stranger = createServer((_req, res) => res.end('<html>hello</html>'));
    const sockets: Socket[] = [];
    const silent = createTcpServer((socket) => sockets.push(socket));
    const portOf = async (server: Server): Promise<string> => {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return String((server.address() as AddressInfo).port);
    };
    const env = { OPENAI_API_KEY: 'sk-test-good', PROXY_UPSTREAM_BASE_URL: upstream.baseUrl };
    const [other, none] = await Promise.all([
      run({ ...env, PORT: await portOf(stranger) }),
      run({ ...env, PORT: await portOf(silent) }),
    ]);
    stranger.close();
    silent.close();
    for (const socket of sockets) socket.destroy();
    expect([other.code, found(other.json, 'port_in_use')?.fix]).toEqual([
      2,
      expect.stringContaining('ss -ltnp'),
    ]);
    expect([none.code, found(none.json, 'process_silent')?.id]).toEqual([2, 'process_silent']);
  });

  it('looks at the files of Codex', async () => {
    mkdirSync(join(home, '.codex'));
    writeFileSync(
      join(home, '.codex/config.toml'),
      'model_provider = "gone"\n[model_providers.x]\nwire_api = "chat"\n',
    );
    const { json } = await run({});
    expect(found(json, 'codex_unknown_provider')?.evidence.join()).toContain('config.toml:1');
    expect(found(json, 'codex_wire_api')?.evidence.join()).toContain('config.toml:3');
    rmSync(join(home, '.codex'), { recursive: true });
  });

  it('shows colours on a terminal only, explains itself, and refuses what it does not know', async () => {
    const { runCli } = await import('../support/run-cli.js');
    const plain = await runCli(['doctor'], { HOME: home, PORT: String(await freePort()) });
    expect(plain.stdout).not.toContain('\u001b[');
    // Nothing answers that could serve it: the file that lies beside the program.
    const [, file = ''] = /more {2}(\/\S+)#no-provider-resources-configured/.exec(plain.stdout) ?? [];
    expect(readFileSync(file, 'utf8')).toContain('## No provider resources configured');
    const [help, wrong] = await Promise.all([runCli(['doctor', '--help']), runCli(['doctor', '--jsno'])]);
    expect([help.code, wrong.code, wrong.stderr]).toEqual([0, 2, expect.stringContaining('--jsno')]);
    expect(help.stdout).toContain('Exit codes: 0');
  });
});

describe('the doctor of a proxy whose stores are away', () => {
  it('names them, what waits, who may come in, and that it was refused without the token', async () => {
    const token = 'shorttoken';
    const shared = existsSync('/dev/shm') ? mkdtempSync('/dev/shm/rpx-doctor-') : null;
    const proxy = await ProxyProcess.start({
      upstream,
      keys: ['sk-test-good'],
      ...(shared === null ? {} : { dataDir: shared }),
      env: {
        PROXY_DATABASE_URL: `postgres://me:${PASSWORD}@127.0.0.1:9/db`,
        PROXY_REDIS_URL: `redis://:${PASSWORD}@127.0.0.1:9`,
        PROXY_ADMIN_TOKEN: token,
        PROXY_ANONYMOUS_ACCESS: 'proxy,telemetry',
        HOST: '0.0.0.0',
        PROXY_MAX_CAPTURE_BYTES: '0',
        NODE_TLS_REJECT_UNAUTHORIZED: '0',
      },
    });
    try {
      await fetch(`${proxy.v1}/responses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: '{}',
      });
      const all = await until(
        () => diagnostics(proxy, token),
        (one) => found(one, 'records_wait') !== undefined && found(one, 'redis_away') !== undefined,
        { timeoutMs: 20_000, what: 'records_wait and redis_away' },
      );
      const ids = all.findings.map(({ id }) => id);
      expect(ids).toEqual(
        expect.arrayContaining(['database_unreachable', 'open_proxy', 'weak_admin_token', 'tls_unchecked']),
      );
      if (shared !== null) expect(found(all, 'spool_in_container')?.evidence.join()).toContain('memory');
      expect(JSON.stringify(all)).not.toContain('canary');
      const refused = await doctor({ HOME: home, PORT: String(proxy.port) });
      expect([refused.code, found(refused.json, 'doctor_unauthorized')?.severity]).toEqual([2, 'error']);
      const asked = await doctor({ HOME: home, PORT: String(proxy.port), PROXY_ADMIN_TOKEN: token });
      expect(found(asked.json, 'not_ready')?.evidence.join()).toContain('database');
      expect(asked.stdout).not.toContain(token);
    } finally {
      await proxy.dispose();
      if (shared !== null) rmSync(shared, { recursive: true, force: true });
    }
  }, 60_000);
});

describeWith(binary !== null, 'a Redis server')('the doctor of replicas that do not fit together', () => {
  it('names different databases and Redis stores, a Redis that evicts, and that no worker runs', async () => {
    const { redis, replicas } = await fleet!;
    const [one] = replicas;
    try {
      const all = await until(
        () => diagnostics(one!),
        (seen) =>
          ['no_worker', 'other_database', 'other_redis', 'redis_settings'].every(
            (id) => found(seen, id) !== undefined,
          ),
        { timeoutMs: 60_000, everyMs: 250, what: 'all four' },
      );
      expect(found(all, 'other_database')).toMatchObject({ severity: 'error' });
      expect(found(all, 'other_redis')).toMatchObject({
        severity: 'error',
        evidence: [expect.stringContaining('another Redis than')],
        fix: expect.stringContaining('PROXY_REDIS_URL'),
      });
      expect(found(all, 'no_worker')?.fix).toContain('responses-proxy worker');
      expect(found(all, 'redis_settings')?.fix).toContain('maxmemory-policy noeviction');
    } finally {
      await Promise.all(replicas.map((replica) => replica.dispose()));
      await redis.stop();
    }
  }, 90_000);
});
