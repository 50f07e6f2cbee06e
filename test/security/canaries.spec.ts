import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { EXPORT_COLUMNS } from '../../src/usage/export-columns.js';
import { stopPostgres } from '../support/postgres.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { TestRedis } from '../support/redis.js';
import { demand, note } from '../support/release.js';
import { describeWith } from '../support/skip.js';
import { SocketClient } from '../support/socket-client.js';
import { until } from '../support/until.js';
import { CanarySearch } from './canary-search.js';
import { CanaryWorld, SECRETS } from './canary-world.js';

const PROMPT = 'prompt-canary-3f9c1b7e5d2a48c6';
const PARAMETERS: Readonly<Record<string, readonly string[]>> = {
  direction: ['request', 'response'],
  subject: Object.keys(EXPORT_COLUMNS),
};
const binary = TestRedis.binary() ?? '';

describeWith(binary !== '', 'a Redis server')('secrets of a deployment', () => {
  let world: CanaryWorld;
  let search: CanarySearch;
  beforeAll(async () => {
    world = await CanaryWorld.start(binary);
    await operate();
    await use();
    search = new CanarySearch(SECRETS);
  });
  afterAll(async () => {
    await world.stop();
    await stopPostgres();
  });

  /** What an operator does, right and wrong. */
  async function operate(): Promise<void> {
    const ids = [];
    for (const n of [1, 2, 3, 4]) ids.push(await world.clientKey(`client key ${n}`));
    await world.admin('DELETE', `/admin/keys/${ids[3]}`);
    const provider = {
      name: 'p',
      base_url: world.upstream.baseUrl,
      pool_id: 'reg',
      api_key: SECRETS['key of a provider'],
    };
    await world.admin('POST', '/admin/providers', { ...provider, id: 'inline' });
    const referred = { ...provider, name: 'r', id: 'ref', api_key: null, credential_ref: 'env:TEAM_KEY' };
    await world.admin('POST', '/admin/providers', referred);
    for (const wrong of [
      { base_url: `https://x:${SECRETS['key of a provider']}@api.example.com/v1` },
      { base_url: `https://api.example.com/v1?key=${SECRETS['key of a provider']}` },
      { api_key: [SECRETS['key of a provider']] },
      { api_key: `${SECRETS['key of a provider']} ` },
      { credential_ref: `env:${SECRETS['key of a provider']}` },
      { auth_type: 'none' },
      { weight: -1 },
    ])
      await world.admin('POST', '/admin/providers', { ...provider, id: 'wrong', name: 'wrong', ...wrong });
    await world.admin('POST', '/admin/models', {
      alias: 'team',
      upstream_id: 'gpt-5.5',
      provider_id: 'inline',
    });
    await world.admin('PATCH', '/admin/providers/inline', { base_url: 'https://api.example.com/v1' });
    await world.admin('POST', '/admin/providers/test', provider);
    await world.admin('POST', '/admin/health/check');
    await world.admin('POST', '/admin/providers', `{"api_key":"${SECRETS['key of a provider']}`);
    await world.admin('GET', '/admin/requests?limit=0');
  }

  /** What clients do, right and wrong, and what upstreams answer. */
  async function use(): Promise<void> {
    const as = (name: string): Record<string, string> => ({ authorization: `Bearer ${SECRETS[name]}` });
    const models = [
      // Several times: another key is asked each time, also those that no filter of texts could know.
      ...Array.from({ length: 6 }, () => ['gpt-5.5', 'fault:echo', 'fault:echo_error']).flat(),
      'fault:401',
      'fault:quota',
      'fault:500',
      'fault:cut',
      'fault:garbage',
    ];
    const post = (headers: Record<string, string>, body: unknown): Promise<string> =>
      world.ask('POST', '/v1/responses', headers, body).catch((error: unknown) => String(error));
    for (const model of models) {
      await post(as('client key 1'), { model, input: PROMPT });
      await post(as('client key 2'), { model, input: PROMPT, stream: true, metadata: { session_id: model } });
      await world.admin('POST', '/admin/health/check');
    }
    for (const body of [
      `{"input":"${PROMPT}`,
      `["${PROMPT}"]`,
      { model: 5, input: PROMPT },
      { model: 'm'.repeat(3_000), input: PROMPT },
    ])
      await post(as('client key 3'), body);
    for (const model of ['gpt-5.5', 'fault:echo_error', 'fault:echo', 'fault:echo_error'])
      await post({ ...as('client key 3'), 'x-proxy-pool-id': 'reg' }, { model, input: PROMPT });
    await post(as('client key 4'), { input: PROMPT });
    await post({ authorization: `Bearer ${world.unknownKey('a key nobody has')}` }, { input: PROMPT });
    await post(
      { authorization: `Basic ${Buffer.from(`x:${SECRETS['client key 1']}`).toString('base64')}` },
      {},
    );
    await post({ 'x-api-key': SECRETS['client key 1'] ?? '', cookie: `key=${SECRETS['client key 1']}` }, {});
    await world.ask('GET', `/v1/models?api_key=${SECRETS['client key 1']}`, as('client key 1'));
    for (const where of ['/v1/nothing', '/admin/nothing', '/v1/files/%2e%2e'])
      await world.ask('GET', `${where}?token=${SECRETS['admin token']}`, as('admin token'));
    await world.ask('GET', '/admin/state', as('client key 1'));
    await world.ask('GET', '/admin/state', { authorization: `Bearer ${SECRETS['admin token']}x` });
    const socket = await SocketClient.open(world.proxy.url, as('client key 1'));
    socket.create({ input: PROMPT });
    await socket.ended();
    socket.ws.close();
    await SocketClient.open(world.proxy.url, as('client key 4')).catch((error: unknown) =>
      world.answers.push({ asked: 'upgrade', text: JSON.stringify(error) }),
    );
  }

  /** A path of the document with everything that may stand for its parameter. */
  async function everyOf(path: string): Promise<string[]> {
    const name = /\{(\w+)\}/.exec(path)?.[1];
    if (name === undefined) return [path];
    const values = name === 'id' ? await idsBelow(path.slice(0, path.indexOf('/{'))) : PARAMETERS[name];
    expect([path, values?.length]).toEqual([path, expect.toSatisfy((n) => n > 0)]);
    const filled = (values ?? []).map((value) => path.replace(`{${name}}`, encodeURIComponent(value)));
    return (await Promise.all(filled.map((one) => everyOf(one)))).flat();
  }

  async function idsBelow(list: string): Promise<string[]> {
    const limit = /requests|sessions/.test(list) ? '?limit=500' : '';
    const rows = JSON.parse(await world.admin('GET', `${list}${limit}`)) as Record<string, { id: string }[]>;
    return (rows[list.split('/').at(-1) ?? ''] ?? []).map(({ id }) => id);
  }

  let found = 0;
  const nowhere = (place: string, text: string | Buffer): void => {
    const there = search.in(place, text);
    found += there.length;
    expect(there).toEqual([]);
  };

  it('are looked for by something that finds them: whole, cut, in base64, hex and packed', () => {
    demand('S1', 'secrets', Object.keys(SECRETS).length, { atLeast: 14 });
    for (const [name, secret] of Object.entries(SECRETS)) {
      const bytes = Buffer.from(secret);
      const forms = [
        secret.slice(9, 22),
        bytes.toString('hex').slice(7, 40),
        Buffer.from(`{"k":"${secret}"}`).toString('base64url'),
        JSON.stringify(bytes),
        deflateRawSync(bytes).toString('base64'),
        gzipSync(JSON.stringify({ secret })),
        secret.replaceAll(/./g, (c) => `%${c.charCodeAt(0).toString(16)}`),
      ];
      for (const form of forms) expect(search.in('here', form)).toContain(`here: ${name}`);
    }
  });

  it('are in no line of the logs at debug level, nor are prompts', () => {
    for (const [name, { output }] of [
      ['api', world.proxy],
      ['worker', world.worker],
    ] as const) {
      expect(output).toContain('"level":"debug"');
      nowhere(name, output);
      expect(output).not.toContain(PROMPT);
    }
  });

  it('are in no row of SQL', async () => {
    await until(
      () => world.tables(),
      (all) =>
        (all.get('requests') ?? []).length > 20 &&
        !(all.get('requests') ?? []).join('').includes('in_progress'),
      { what: 'finished rows' },
    );
    const tables = await world.tables();
    expect(tables.size).toBeGreaterThan(10);
    for (const name of ['providers', 'client_keys', 'audit_entries', 'bodies', 'attempts'])
      expect((tables.get(name) ?? []).length, name).toBeGreaterThan(0);
    for (const [name, pieces] of tables) for (const piece of pieces) nowhere(name, piece);
  });

  it('are in nothing that Redis was ever told, batches unpacked', () => {
    expect(world.monitored).toContain('bullmq');
    // Long values are cut by nobody: a batch of records is there whole.
    expect(world.monitored.length).toBeGreaterThan(20_000);
    nowhere('Redis', world.monitored);
  });

  it('are in no file that is written', () => {
    for (const { dataDir } of [world.proxy, world.worker])
      for (const entry of readdirSync(dataDir, { recursive: true, withFileTypes: true }))
        if (entry.isFile()) nowhere(entry.name, readFileSync(join(entry.parentPath, entry.name)));
  });

  it('are in no diagnostic report but in the environment, which Node leaves out where it can', async () => {
    const path = join(world.proxy.dataDir, 'report.json');
    world.proxy.signal('SIGUSR2');
    const report = await until(
      () => JSON.parse(readFileSync(path, 'utf8')) as Record<string, unknown>,
      (read) => 'javascriptHeap' in read,
      { what: 'the report' },
    );
    rmSync(path);
    if (process.report !== undefined && !('excludeEnv' in process.report))
      delete report['environmentVariables'];
    expect(report['environmentVariables']).toBeUndefined();
    nowhere('report', JSON.stringify(report));
  });

  it('are in no command line', () => {
    for (const { pid } of [world.proxy, world.worker])
      nowhere('cmdline', readFileSync(`/proc/${pid}/cmdline`));
  });

  it('are in no answer: not of any route that reads, not in an error, not in a header', async () => {
    const document = JSON.parse(await world.ask('GET', '/openapi.json')) as {
      paths: Record<string, { get?: object }>;
    };
    const paths = Object.keys(document.paths).filter((path) => document.paths[path]?.get !== undefined);
    const own = paths.filter((path) => !path.startsWith('/v1/') && path !== '/admin/events');
    const filled = (await Promise.all(own.map((path) => everyOf(path)))).flat();
    expect(filled.length).toBeGreaterThan(100);
    for (const path of [...filled, '/', '/docs']) await world.admin('GET', path);
    world.answers.push({ asked: 'GET /admin/events', text: await world.firstEvent() });
    await world.ask('GET', `${world.worker.url}/metrics`, {
      authorization: `Bearer ${SECRETS['admin token']}`,
    });
    demand('S1', 'answers searched', world.answers.length, { atLeast: 100 });
    for (const { asked, text } of world.answers) nowhere(asked, text);
    // Upstreams may quote a prompt; nothing of ours does.
    const ours = world.answers.filter(({ asked, text }) =>
      asked.startsWith('GET /v1/') || asked.startsWith('POST /v1/')
        ? /"code":"(?:invalid|duplicate)_/.test(text)
        : !asked.includes('/body/'),
    );
    expect(ours.length).toBeGreaterThan(50);
    for (const { asked, text } of ours) expect(text, asked).not.toContain(PROMPT);
  });

  it('are not told by a process that cannot reach what they are for', async () => {
    const proxy = await ProxyProcess.start({
      wait: false,
      upstream: 'http://127.0.0.1:9/v1',
      keys: [SECRETS['upstream key 3'] ?? ''],
      env: {
        PROXY_LOG_LEVEL: 'debug',
        PROXY_DATABASE_URL: `postgres://canary:${SECRETS['admin token']}@127.0.0.1:${new URL(world.databaseUrl).port}/none`,
        PROXY_REDIS_URL: `redis://canary:${SECRETS['admin token']}@127.0.0.1:${world.redis.port}`,
      },
    });
    await until(() => /redis/i.test(proxy.output) && /password|auth/i.test(proxy.output), {
      timeoutMs: 15_000,
      what: 'both refusals',
    });
    await proxy.dispose();
    nowhere('a start that fails', proxy.output);
    expect(search.searched).toBeGreaterThan(100_000);
    note('S1', 'characters searched, all spellings', search.searched);
    demand('S1', 'found', found, { exactly: 0 });
  });
});
