import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { key, Rig } from '../support/rig.js';

const TOKEN = 'admin-token-for-model-list-0123456789';
const UPSTREAM = ['gpt-5.5', 'gpt-5.5-mini'];

interface Model {
  readonly id: string;
  readonly object: string;
  readonly created: number;
  readonly owned_by: string;
}

let rig: Rig;
let keys: Record<'all' | 'left' | 'models', string>;
beforeAll(async () => {
  rig = await Rig.start({
    keys: [key('a'), key('b')],
    env: {
      PROXY_ADMIN_TOKEN: TOKEN,
      OPENAI_RESOURCE_POOL_IDS: 'left,right',
      PROXY_HEALTH_CHECK_INTERVAL_SECONDS: '3600',
    },
  });
  keys = {
    all: await make('keys', { name: 'all' }, 'key'),
    left: await make('keys', { name: 'left', allowed_pools: ['left'] }, 'key'),
    models: await make('keys', { name: 'models', allowed_models: ['on-the-right', 'gpt-5.5'] }, 'key'),
  };
});
afterAll(() => rig.stop());

async function make(path: string, body: object, field: string): Promise<string> {
  const answer = await fetch(`${rig.proxy.url}/admin/${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  expect(answer.status).toBe(201);
  return String(((await answer.json()) as Record<string, unknown>)[field]);
}

const ask = (path: string, secret = keys.all, headers: Record<string, string> = {}) =>
  rig.client.send({
    method: 'GET',
    path: `/v1/models${path}`,
    body: null,
    keepText: true,
    headers: { authorization: `Bearer ${secret}`, ...headers },
  });
const asked = () => rig.upstream.ledger.arrivals.length;

async function idsFor(secret: string, headers: Record<string, string> = {}): Promise<string[]> {
  const seen = await ask('', secret, headers);
  expect(seen.status, seen.text).toBe(200);
  return (JSON.parse(seen.text) as { data: Model[] }).data.map(({ id }) => id);
}

describe('the models of a proxy', () => {
  it('are the upstream’s, byte for byte, while no alias is registered', async () => {
    const seen = await ask('');
    expect([seen.status, seen.sha256]).toEqual([200, rig.upstream.ledger.arrivals.at(-1)?.responseSha256]);
  });

  it('are the upstream’s and the aliases that are enabled', async () => {
    const registered = Math.floor(Date.now() / 1_000);
    await make('models', { alias: 'anywhere', upstream_id: 'gpt-5.5' }, 'id');
    await make('models', { alias: 'on-the-right', upstream_id: 'gpt-5.5', pool_id: 'right' }, 'id');
    await make('models', { alias: 'on-the-left', upstream_id: 'gpt-5.5', pool_id: 'left' }, 'id');
    await make('models', { alias: 'off', upstream_id: 'gpt-5.5', enabled: false }, 'id');
    // An alias may take the place of one of the upstream's.
    await make('models', { alias: 'gpt-5.5-mini', upstream_id: 'gpt-5.5' }, 'id');
    const seen = await ask('?client_version=0.169.0');
    expect(seen.error).toBeNull();
    expect(seen.headers['content-length']).toBe(String(Buffer.byteLength(seen.text)));
    expect(seen.headers['x-proxy-resource-id']).toMatch(/^openai-[12]$/);
    const { data, ...rest } = JSON.parse(seen.text) as { data: Model[] };
    expect(rest).toEqual({ object: 'list' });
    expect(data.map(({ id }) => id)).toEqual([...UPSTREAM, 'anywhere', 'on-the-left', 'on-the-right']);
    const { created, ...alias } = data[2] ?? { created: 0 };
    expect(alias).toEqual({ id: 'anywhere', object: 'model', owned_by: 'responses-proxy' });
    expect(created).toBeGreaterThanOrEqual(registered);
    expect(created).toBeLessThanOrEqual(Date.now() / 1_000);
    const row = await rig.history.finished(seen.proxyRequestId);
    expect(row).toMatchObject({ state: 'completed', response_bytes: Buffer.byteLength(seen.text) });
  });

  it('show a caller what it may use and nothing else', async () => {
    expect(await idsFor(keys.left)).toEqual([...UPSTREAM, 'anywhere', 'on-the-left']);
    expect(await idsFor(keys.models)).toEqual(['gpt-5.5', 'on-the-right']);
    const onTheRight = { 'x-proxy-pool-id': 'right' };
    expect(await idsFor(keys.all, onTheRight)).toEqual([...UPSTREAM, 'anywhere', 'on-the-right']);
  });

  it('are not made up where the upstream refuses to list them', async () => {
    rig.upstream.faults.set('*', 'fault:missing_scope', { on: 'models' });
    const seen = await ask('');
    rig.upstream.faults.clear();
    expect([seen.status, (JSON.parse(seen.text) as { error: { code: string } }).error.code]).toEqual([
      403,
      'missing_scope',
    ]);
  });
});

describe('a key of some models', () => {
  it('must say which: a prompt template of the account would bring a model of its own', async () => {
    const before = asked();
    for (const body of [{ prompt: { id: 'pmpt_1' } }, { model: null }]) {
      const headers = { authorization: `Bearer ${keys.models}` };
      const refused = await rig.client.send({ headers, body: { model: undefined, ...body }, keepText: true });
      expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('name one of them')]);
    }
    expect(asked()).toBe(before);
  });
});

describe('one model', () => {
  it('of the upstream is passed on to who may use it and to nobody else', async () => {
    expect((await ask('/gpt-5.5', keys.models)).status).toBe(200);
    const before = asked();
    const refused = await ask('/gpt-5', keys.models);
    expect([refused.status, refused.text]).toEqual([403, expect.stringContaining('may not use the model')]);
    expect(asked()).toBe(before);
  });

  it('that is an alias is answered here, and nothing goes upstream', async () => {
    const before = asked();
    const seen = await ask('/on-the-right');
    expect([seen.status, seen.headers['x-proxy-reason']]).toEqual([200, 'alias']);
    expect(JSON.parse(seen.text)).toMatchObject({ id: 'on-the-right', object: 'model' });
    expect(asked()).toBe(before);
    const row = await rig.history.finished(seen.proxyRequestId);
    expect(row).toMatchObject({ state: 'completed', status_code: 200, resource_id: null });
  });

  it('that is an alias for others is refused', async () => {
    const before = asked();
    for (const secret of [keys.left, keys.models]) {
      const name = secret === keys.left ? 'on-the-right' : 'anywhere';
      const seen = await ask(`/${name}`, secret);
      expect([seen.status, seen.text]).toEqual([403, expect.stringContaining('"code":"forbidden"')]);
    }
    expect(asked()).toBe(before);
  });

  it('that is none, or a disabled one, is the upstream’s business', async () => {
    for (const name of ['gpt-5.5', 'off']) {
      const seen = await ask(`/${name}`);
      expect([seen.status, seen.sha256]).toEqual([200, rig.upstream.ledger.last().responseSha256]);
    }
  });
});
