import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { newClientKey } from '../../src/registry/client-key-token.js';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { key, Rig } from '../support/rig.js';
import { until } from '../support/until.js';

const TOKEN = 'admin-token-for-client-keys-0123456789';

interface Made {
  readonly id: string;
  readonly key: string;
  readonly prefix: string;
  readonly [field: string]: unknown;
}

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start({
    keys: [key('a'), key('b')],
    upstream: { websocket: true },
    env: { PROXY_ADMIN_TOKEN: TOKEN, OPENAI_RESOURCE_POOL_IDS: 'alpha,beta' },
  });
});
afterAll(() => rig.stop());

async function admin(method: string, path: string, body?: unknown): Promise<{ status: number; body: Made }> {
  const response = await fetch(`${rig.proxy.url}/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Made };
}

async function make(terms: Record<string, unknown> = {}): Promise<Made> {
  const made = await admin('POST', 'keys', { name: 'test', ...terms });
  expect(made.status, JSON.stringify(made.body)).toBe(201);
  return made.body;
}

const as = (secret: string, extra: Record<string, string> = {}) => ({
  headers: { authorization: `Bearer ${secret}`, ...extra },
  body: {},
});
const codeOf = (text: string): unknown => (JSON.parse(text) as { error: { code: string } }).error.code;

describe('client keys', () => {
  it('are asked of nobody while there are none, and of everybody from the first on', async () => {
    expect((await rig.client.send({ body: {} })).status).toBe(200);
    const made = await make();
    expect(made.key).toMatch(/^rpx_[0-9a-z]{57}$/);
    const without = await rig.client.send({ body: {} });
    expect([without.status, codeOf(without.text)]).toEqual([401, 'unauthorized']);
    expect(without.text).toContain('rpx_');
    const withKey = await rig.client.send(as(made.key));
    expect(withKey.status).toBe(200);
    expect((await rig.history.finished(withKey.proxyRequestId)).state).toBe('completed');
    const rows = await rig.history.rows<{ caller_id: string }>(
      `SELECT caller_id FROM requests WHERE id = '${withKey.proxyRequestId}'`,
    );
    expect(rows).toEqual([{ caller_id: made.id }]);
  });

  it('are known to people by their names: requests and decisions of a name are those of its key', async () => {
    const made = await make({ name: 'Night shift' });
    const seen = await rig.client.send(as(made.key));
    await rig.history.finished(seen.proxyRequestId);
    for (const list of ['requests', 'decisions'])
      for (const caller of [made.id, 'Night shift', 'night%20shift']) {
        const { body } = await admin('GET', `${list}?caller_id=${caller}`);
        expect(body[list]).toMatchObject([{ caller_id: made.id }]);
        if (list === 'requests') expect(body[list]).toMatchObject([{ caller_name: 'Night shift' }]);
      }
    const detail = await admin('GET', `requests/${seen.proxyRequestId}`);
    expect(detail.body['request']).toMatchObject({ caller_id: made.id, caller_name: 'Night shift' });
    expect((await admin('GET', 'requests?caller_id=nobody')).body['requests']).toEqual([]);
  });

  it('are shown once and never again, nor sent upstream', async () => {
    const made = await make({ name: 'shown once' });
    await rig.client.send(as(made.key));
    const list = await admin('GET', 'keys');
    expect(JSON.stringify(list.body)).toContain(made.prefix);
    expect(JSON.stringify(list.body)).not.toContain(made.key);
    const audit = await rig.history.rows<Record<string, unknown>>('SELECT * FROM audit_entries');
    expect(JSON.stringify(audit)).not.toContain(made.key);
    expect(JSON.stringify(rig.upstream.ledger.arrivals.map((arrival) => arrival.rawHeaders))).not.toContain(
      'rpx_',
    );
    expect(rig.proxy.output).not.toContain(made.key);
  });

  it.each([
    ['nothing', ''],
    ['another proxy’s', newClientKey()],
    ['a cut one', 'rpx_abc'],
    ['an OpenAI key', 'sk-proj-abcdefghijklmnop'],
    ['the admin token', TOKEN],
  ])('refuse %s with 401 and send nothing', async (_name, secret) => {
    await make();
    const before = rig.upstream.ledger.arrivals.length;
    const seen = await rig.client.send(secret === '' ? { body: {} } : as(secret));
    expect([seen.status, codeOf(seen.text)]).toEqual([401, 'unauthorized']);
    expect(rig.upstream.ledger.arrivals.length).toBe(before);
  });

  it('open nothing once revoked or expired, and an admin route never', async () => {
    const made = await make();
    expect((await fetch(`${rig.proxy.url}/admin/state`, { headers: as(made.key).headers })).status).toBe(401);
    const expired = await make({ expires_at: Date.now() - 1 });
    expect((await rig.client.send(as(expired.key))).text).toContain('expired');
    expect((await admin('DELETE', `keys/${made.id}`)).body['revoked_at']).toBeGreaterThan(0);
    const refused = await rig.client.send(as(made.key));
    expect([refused.status, refused.text.includes('revoked')]).toEqual([401, true]);
    expect((await admin('DELETE', 'keys/key_nobody')).status).toBe(404);
  });

  it('keep to their models and pools; a key of one pool need not name it', async () => {
    const made = await make({ allowed_models: ['gpt-5'], allowed_pools: ['beta'] });
    const right = await rig.client.send({ ...as(made.key), body: { model: 'gpt-5' } });
    expect([right.status, right.headers['x-proxy-resource-id']]).toEqual([200, 'openai-2']);
    const model = await rig.client.send({ ...as(made.key), body: { model: 'gpt-4' } });
    expect([model.status, codeOf(model.text)]).toEqual([403, 'forbidden']);
    const pool = await rig.client.send({
      ...as(made.key, { 'x-proxy-pool-id': 'alpha' }),
      body: { model: 'gpt-5' },
    });
    expect([pool.status, codeOf(pool.text)]).toEqual([403, 'forbidden']);
    const both = await make({ allowed_pools: ['alpha', 'beta'] });
    expect((await rig.client.send(as(both.key))).text).toContain('X-Proxy-Pool-ID');
    expect(
      (await rig.client.send(as(both.key, { 'x-proxy-pool-id': 'alpha' }))).headers['x-proxy-resource-id'],
    ).toBe('openai-1');
    await admin('PATCH', `keys/${both.id}`, { allowed_pools: null });
    expect((await rig.client.send(as(both.key))).status).toBe(200);
  });

  it('are wanted before a client that asks first is told to send its body', async () => {
    const { key: own } = await make();
    const heads = [`rpx_wrong`, own].map((secret) => [
      `authorization: Bearer ${secret}`,
      'content-type: application/json',
      'expect: 100-continue',
      'content-length: 2',
    ]);
    const answers: string[] = [];
    for (const head of heads) {
      const raw = await RawClient.open(rig.proxy.port);
      raw.send(rawRequest('POST', '/v1/responses', head));
      answers.push((await raw.untilText(/^HTTP\/1\.1 \d+ /)).slice(9, 12));
      raw.destroy();
    }
    expect(answers).toEqual(['401', '100']);
  });

  it('are wanted over WebSocket, too', async () => {
    const made = await make();
    const address = `${rig.proxy.url.replace('http', 'ws')}/v1/responses`;
    const status = (headers: Record<string, string>): Promise<number | undefined> =>
      new Promise((resolve) => {
        const socket = new WebSocket(address, { headers });
        socket.once('unexpected-response', (_req, res) => {
          res.resume();
          resolve(res.statusCode);
        });
        socket.once('open', () => {
          socket.close();
          resolve(101);
        });
        socket.once('error', () => undefined);
      });
    expect(await status({})).toBe(401);
    expect(await status(as(made.key).headers)).toBe(101);
  });

  it.each([
    [{}, 'name'],
    [{ name: '' }, 'name'],
    [{ name: 'a\u0000b' }, 'name'],
    [{ name: 'x', requests_per_minute: 0 }, 'requests_per_minute'],
    [{ name: 'x', requests_per_minute: 1.5 }, 'requests_per_minute'],
    [{ name: 'x', daily_cost_usd: -1 }, 'daily_cost_usd'],
    [{ name: 'x', allowed_pools: [] }, 'allowed_pools'],
    [{ name: 'x', allowed_models: 'gpt-5' }, 'allowed_models'],
    [{ name: 'x', key: 'rpx_mine' }, 'key'],
    [{ name: 'x', expires_at: 'tomorrow' }, 'expires_at'],
  ])('are not made of %j', async (body, param) => {
    const refused = await admin('POST', 'keys', body);
    expect([refused.status, (refused.body['error'] as { param: string }).param]).toEqual([400, param]);
  });

  it('cannot be left without a name', async () => {
    const { id } = await make();
    const refused = await admin('PATCH', `keys/${id}`, { name: null });
    expect([refused.status, (refused.body['error'] as { param: string }).param]).toEqual([400, 'name']);
  });

  it('are still wanted after a restart', async () => {
    const made = await make();
    await rig.proxy.restart();
    await until(
      () => rig.client.send(as(made.key)),
      (seen) => seen.status === 200,
      { what: 'the key after a restart' },
    );
    expect((await rig.client.send({ body: {} })).status).toBe(401);
  });
});
