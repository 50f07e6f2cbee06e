import { createHash, randomBytes } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aliased, rewritten } from '../support/alias-bodies.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { key, Rig } from '../support/rig.js';
import { SocketClient } from '../support/socket-client.js';
import { until } from '../support/until.js';
import { headerValues } from '../support/upstream-ledger.js';

const KEY = 'sk-registered-0123456789';
const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

let rig: Rig;
let other: FakeUpstream;
beforeAll(async () => {
  other = await FakeUpstream.start({ keys: [{ key: KEY, organization: 'org-x' }], websocket: true });
  rig = await Rig.start({
    keys: [key('a'), key('b')],
    upstream: { websocket: true },
    env: {
      OPENAI_RESOURCE_POOL_IDS: 'left,right',
      PROXY_SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32',
      PROXY_MAX_BODY_BYTES: '8000000',
    },
  });
  await admin('providers', { id: 'team', name: 'team', base_url: other.baseUrl, api_key: KEY });
  await admin('models', { alias: 'at-team', upstream_id: 'gpt-5.5-über', provider_id: 'team' });
  await admin('models', { alias: 'right-one', upstream_id: 'gpt-5.5', pool_id: 'right', kind: 'agent' });
  await admin('models', { alias: 'anywhere', upstream_id: 'gpt-5.5' });
  await admin('models', { alias: 'nowhere', upstream_id: 'never', pool_id: 'empty-too' });
  await admin('models', { alias: 'off', upstream_id: 'gpt-5.5', enabled: false });
});
afterAll(async () => {
  await rig.stop();
  await other.stop();
});

async function admin(
  path: string,
  body: unknown,
  method: 'POST' | 'PATCH' = 'POST',
): Promise<Record<string, unknown>> {
  const answer = await fetch(`${rig.proxy.url}/admin/${path}`, {
    method,
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const json = (await answer.json()) as Record<string, unknown>;
  if (!answer.ok) throw new Error(JSON.stringify(json));
  return json;
}

describe('a request for an alias', () => {
  it.each(['false', 'true'])(
    'reaches its provider alone with every other byte as it was (stream: %s)',
    async (stream) => {
      const rest = `"stream":${stream}, "input":"h\\u0069 ü"`;
      const seen = await rig.client.send({ body: aliased('at-team', rest), keepText: true });
      expect([seen.status, seen.headers['x-proxy-resource-id']]).toEqual([200, 'team']);
      const arrival = other.ledger.last();
      const wanted = rewritten('at-team', 'gpt-5.5-über', rest);
      expect(arrival.bodySha256).toBe(sha(wanted));
      expect(headerValues(arrival, 'content-length')).toEqual([String(wanted.length)]);
      expect(arrival.model).toBe('gpt-5.5-über');
      // The answer is the upstream's, byte for byte.
      expect(seen.sha256).toBe(arrival.responseSha256);
      const row = await rig.history.finished(seen.proxyRequestId);
      expect(row).toMatchObject({ model: 'at-team', served_model: 'gpt-5.5-über', state: 'completed' });
    },
  );

  it('in a spelling of its own, and in a body too large for one write', async () => {
    const long = `"input":"${'x'.repeat(3_000_000)}"`;
    const body = Buffer.from(
      aliased('at-team', long).toString().replace('"model" : "at', '"model" : "\\u0061t'),
    );
    expect((await rig.client.send({ body })).status).toBe(200);
    const arrival = other.ledger.last();
    expect(arrival.bodySha256).toBe(sha(rewritten('at-team', 'gpt-5.5-über', long)));
  });

  it('in a compressed body goes on in the clear', async () => {
    const seen = await rig.client.send({
      body: gzipSync(aliased('at-team')),
      headers: { 'content-encoding': 'gzip' },
    });
    expect(seen.status).toBe(200);
    const arrival = other.ledger.last();
    expect(arrival.bodySha256).toBe(sha(rewritten('at-team', 'gpt-5.5-über')));
    expect(headerValues(arrival, 'content-encoding')).toEqual([]);
  });

  it('that is pinned to a pool stays in it, and asking for another is refused', async () => {
    for (let n = 0; n < 6; n++) {
      const seen = await rig.client.send({ body: { model: 'right-one', input: 'hi' } });
      expect(seen.headers['x-proxy-resource-id']).toBe('openai-2');
    }
    const refused = await rig.client.send({
      body: { model: 'right-one', input: 'hi' },
      headers: { 'x-proxy-pool-id': 'left' },
      keepText: true,
    });
    expect(refused.status).toBe(400);
    expect((JSON.parse(refused.text) as { error: object }).error).toMatchObject({
      code: 'invalid_field',
      param: 'pool_id',
    });
  });

  it('says so in the decision and in the dry run', async () => {
    const seen = await rig.client.send({ body: aliased('at-team') });
    await rig.history.finished(seen.proxyRequestId);
    const told = (await (
      await fetch(`${rig.proxy.url}/admin/decisions?request_id=${seen.proxyRequestId}`)
    ).json()) as { decisions: { explanation: string; candidates: { rejected: string | null }[] }[] };
    expect(told.decisions[0]?.explanation).toContain('the alias "at-team" stands for gpt-5.5-über');
    const dry = await admin('route/explain', { model: 'at-team' });
    expect(dry).toMatchObject({ resource_id: 'team', model: 'at-team' });
    expect((dry['candidates'] as { rejected: string | null }[]).map((one) => one.rejected)).toEqual([
      'not_of_alias',
      'not_of_alias',
      null,
    ]);
  });

  it('passes through as it is while the alias is disabled, or unknown', async () => {
    for (const model of ['off', 'nobody-knows']) {
      const body = aliased(model);
      const headers = { 'x-proxy-pool-id': 'left' };
      expect((await rig.client.send({ body, headers })).status).toBe(200);
      expect(rig.upstream.ledger.last().bodySha256).toBe(sha(body));
    }
  });

  it('is in force at once after a change', async () => {
    const made = await admin('models', { alias: 'moving', upstream_id: 'first', pool_id: 'left' });
    const ask = () => rig.client.send({ body: { model: 'moving', input: 'hi' } });
    expect((await ask()).headers['x-proxy-resource-id']).toBe('openai-1');
    await admin(`models/${String(made['id'])}`, { provider_id: 'team', upstream_id: 'second' }, 'PATCH');
    expect((await ask()).headers['x-proxy-resource-id']).toBe('team');
    expect(other.ledger.last().model).toBe('second');
  });

  it('of a provider that takes none is refused in words', async () => {
    await admin('providers', { id: 'idle', name: 'idle', base_url: other.baseUrl, enabled: false });
    await admin('models', { alias: 'at-idle', upstream_id: 'x', provider_id: 'idle' });
    const seen = await rig.client.send({ body: { model: 'at-idle', input: 'hi' }, keepText: true });
    expect([seen.status, seen.text]).toEqual([503, expect.stringContaining('provider \\"idle\\" alone')]);
  });
});

describe('a response.create for an alias', () => {
  it('takes the connection to its provider and names the upstream’s model there', async () => {
    for (let n = 0; n < 3; n++) {
      const client = await SocketClient.open(rig.proxy.url, {});
      client.create({ model: 'at-team', input: `turn ${n}` });
      expect((await client.ended())[0]?.type).toBe('response.completed');
      expect(other.sockets.last.key).toBe(KEY);
      expect(other.sockets.creates.at(-1)).toMatchObject({ json: { model: 'gpt-5.5-über' } });
      client.ws.close();
    }
  });

  it('on a connection that has served another is refused, and the connection stays good', async () => {
    const client = await SocketClient.open(rig.proxy.url, { 'x-proxy-pool-id': 'left' });
    client.create({ model: 'anywhere', input: 'one' });
    expect((await client.ended())[0]?.type).toBe('response.completed');
    const before = other.sockets.creates.length;
    client.create({ model: 'at-team', input: 'two' });
    expect((await client.ended(2))[1]).toMatchObject({ type: 'error', status: 400 });
    client.create({ model: 'gpt-5.5', input: 'three' });
    expect((await client.ended(3))[2]?.type).toBe('response.completed');
    expect(other.sockets.creates.length).toBe(before);
    client.ws.close();
  });

  it('goes nowhere else on a connection that has been used', async () => {
    const client = await SocketClient.open(rig.proxy.url, {});
    client.create({ model: 'right-one', input: 'one' });
    expect((await client.ended())[0]?.type).toBe('response.completed');
    expect(rig.upstream.sockets.last.key).toBe('sk-test-b');
    client.create({ model: 'at-team', input: 'two' });
    const [, refused] = await client.ended(2);
    expect(refused).toMatchObject({ type: 'error', error: { code: 'invalid_field', param: 'model' } });
    client.ws.close();
  });

  it('goes out as the first of its fallbacks that somebody can take, also on a connection in use', async () => {
    await admin('models', {
      alias: 'ws-first',
      upstream_id: 'never',
      pool_id: 'empty',
      fallbacks: ['anywhere'],
    });
    const client = await SocketClient.open(rig.proxy.url, {});
    for (const n of [1, 2]) {
      client.create({ model: 'ws-first', input: `turn ${n}` });
      expect((await client.ended(n)).at(-1)?.type).toBe('response.completed');
      expect(rig.upstream.sockets.creates.at(-1)).toMatchObject({ json: { model: 'gpt-5.5' } });
    }
    client.ws.close();
    const sql = `SELECT d.pool_id FROM decisions d JOIN requests r ON r.id = d.request_id
      WHERE d.model = 'ws-first' AND r.state = 'completed' ORDER BY d.pool_id`;
    const pools = await until(
      () => rig.history.rows<{ pool_id: string | null }>(sql),
      (rows) => rows.length === 4,
    );
    expect(pools.map((row) => row.pool_id)).toEqual([null, null, 'empty', 'empty']);
  });

  it('is told that nobody can take it, nor a fallback of it, and the connection stays good', async () => {
    await admin('models', {
      alias: 'ws-dead',
      upstream_id: 'never',
      pool_id: 'empty',
      fallbacks: ['nowhere'],
    });
    const client = await SocketClient.open(rig.proxy.url, {});
    client.create({ model: 'ws-dead', input: 'one' });
    expect((await client.ended())[0]).toMatchObject({
      status: 503,
      error: { code: 'no_available_resources' },
    });
    client.create({ model: 'gpt-5.5', input: 'two' });
    expect((await client.ended(2))[1]?.type).toBe('response.completed');
    client.ws.close();
  });
});
