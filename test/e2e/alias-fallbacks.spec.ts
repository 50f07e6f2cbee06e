import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { aliased, rewritten } from '../support/alias-bodies.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { freePort } from '../support/free-port.js';
import { key, Rig } from '../support/rig.js';

const KEY = 'sk-registered-0123456789';
const sha = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');

let rig: Rig;
let other: FakeUpstream;
beforeAll(async () => {
  other = await FakeUpstream.start({ keys: [{ key: KEY, organization: 'org-x' }] });
  rig = await Rig.start({
    keys: [key('a'), key('b')],
    env: {
      OPENAI_RESOURCE_POOL_IDS: 'left,right',
      PROXY_SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32',
    },
  });
  await admin('providers', { id: 'team', name: 'team', base_url: other.baseUrl, api_key: KEY });
  await admin('models', { alias: 'at-team', upstream_id: 'gpt-5.5-über', provider_id: 'team' });
  await admin('models', { alias: 'right-one', upstream_id: 'gpt-5.5', pool_id: 'right' });
  await admin('models', { alias: 'nowhere', upstream_id: 'never', pool_id: 'empty-too' });
});
afterAll(async () => {
  await rig.stop();
  await other.stop();
});

async function admin(path: string, body: unknown): Promise<string> {
  const answer = await fetch(`${rig.proxy.url}/admin/${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(text);
  return text;
}

describe('a request for an alias that nobody can take', () => {
  const fall = (alias: string, fallbacks: string[]) =>
    admin('models', { alias, upstream_id: 'never', pool_id: 'empty', fallbacks });

  it('goes out as the first of its fallbacks that somebody can take', async () => {
    const prices = { input: 1_000, output: 1_000 };
    await admin('models', { alias: 'dear', upstream_id: 'gpt-x', pool_id: 'right', prices });
    await fall('first-choice', ['nowhere', 'dear', 'at-team']);
    const seen = await rig.client.send({ body: aliased('first-choice') });
    expect([seen.status, seen.headers['x-proxy-resource-id']]).toEqual([200, 'openai-2']);
    const arrival = rig.upstream.ledger.last();
    expect(arrival.bodySha256).toBe(sha(rewritten('first-choice', 'gpt-x')));
    const row = await rig.history.finished(seen.proxyRequestId);
    const tokens = (arrival.usage?.input_tokens ?? 0) + (arrival.usage?.output_tokens ?? 0);
    expect(row).toMatchObject({ model: 'first-choice', state: 'completed', pool_id: 'right' });
    expect(tokens).toBeGreaterThan(0);
    const told = (await (await fetch(`${rig.proxy.url}/admin/requests/${seen.proxyRequestId}`)).json()) as {
      request: { cost_usd: number };
      decisions: { resource_id: string | null; pool_id: string | null }[];
    };
    expect(told.request.cost_usd).toBeCloseTo(tokens / 1_000, 6);
    const places = told.decisions.map(({ resource_id: id, pool_id: pool }) => `${pool} ${id}`);
    expect(places.toSorted()).toEqual(['empty null', 'empty-too null', 'right openai-2']);
  });

  it('may go out as a model of the upstream’s own', async () => {
    await fall('then-plain', ['gpt-5.5-mini']);
    const seen = await rig.client.send({ body: aliased('then-plain', '"stream":true,"input":"hi"') });
    expect(seen.status).toBe(200);
    const upstream = seen.headers['x-proxy-resource-id'] === 'team' ? other : rig.upstream;
    expect(upstream.ledger.last().model).toBe('gpt-5.5-mini');
  });

  it('is refused in its own words where nobody can take a fallback either, or the pool rules it out', async () => {
    await fall('dead-end', ['nowhere']);
    const before = rig.upstream.ledger.creates.length + other.ledger.creates.length;
    const seen = await rig.client.send({ body: aliased('dead-end'), keepText: true });
    expect([seen.status, seen.text]).toEqual([503, expect.stringContaining('alias \\"dead-end\\"')]);
    await fall('pool-bound', ['at-team']);
    const bound = await rig.client.send({
      body: aliased('pool-bound'),
      headers: { 'x-proxy-pool-id': 'empty' },
    });
    expect(bound.status).toBe(503);
    expect(rig.upstream.ledger.creates.length + other.ledger.creates.length).toBe(before);
  });

  it('goes out as a fallback when its provider cannot be reached, in one record', async () => {
    const base_url = `http://127.0.0.1:${await freePort()}/v1`;
    await admin('providers', { id: 'gone', name: 'gone', base_url, api_key: KEY, pool_id: 'gone' });
    await admin('models', {
      alias: 'at-gone',
      upstream_id: 'never',
      provider_id: 'gone',
      fallbacks: ['right-one'],
    });
    const seen = await rig.client.send({ body: aliased('at-gone') });
    expect([seen.status, seen.headers['x-proxy-resource-id']]).toEqual([200, 'openai-2']);
    expect(rig.upstream.ledger.last().bodySha256).toBe(sha(rewritten('at-gone', 'gpt-5.5')));
    expect(await rig.history.finished(seen.proxyRequestId)).toMatchObject({
      model: 'at-gone',
      state: 'completed',
    });
    const attempts = await rig.history.rows(
      `SELECT n, resource_id, class FROM attempts WHERE request_id = '${seen.proxyRequestId}' ORDER BY n`,
    );
    expect(attempts).toEqual([
      { n: 1, resource_id: 'gone', class: 'A' },
      { n: 2, resource_id: 'openai-2', class: 'ok' },
    ]);
  });

  it.each([
    ['429', 429],
    ['401', 401],
    ['503', 503],
    ['model_not_found', 404],
  ])(
    'goes out as a fallback when its provider refuses it (%s), and hears that refusal when nobody takes it',
    async (what, status) => {
      const refusing = createServer((req, res) => {
        req.resume();
        res.writeHead(status, { 'content-type': 'application/json', 'retry-after': '30' });
        res.end(
          JSON.stringify({
            error: { message: what, type: 'x', param: null, code: what === 'model_not_found' ? what : null },
          }),
        );
      });
      await new Promise<void>((listening) => refusing.listen(0, '127.0.0.1', listening));
      const base_url = `http://127.0.0.1:${(refusing.address() as AddressInfo).port}/v1`;
      const id = `refusing-${status}`;
      for (const one of [id, `${id}-2`])
        await admin('providers', { id: one, name: one, base_url, api_key: KEY, pool_id: one });
      await admin('models', {
        alias: `${id}-falls`,
        upstream_id: 'x',
        provider_id: id,
        fallbacks: ['right-one'],
      });
      await admin('models', {
        alias: `${id}-ends`,
        upstream_id: 'x',
        provider_id: `${id}-2`,
        fallbacks: ['nowhere'],
      });
      const fallen = await rig.client.send({ body: aliased(`${id}-falls`) });
      expect([fallen.status, fallen.headers['x-proxy-resource-id']]).toEqual([200, 'openai-2']);
      const ended = await rig.client.send({ body: aliased(`${id}-ends`), keepText: true });
      expect(ended.status).toBe(status === 401 ? 502 : status);
      expect(ended.text).toContain(status === 401 ? 'upstream_auth_failed' : what);
      expect(await rig.history.finished(ended.proxyRequestId)).toMatchObject({ model: `${id}-ends` });
      if (status === 429) {
        const told = await (await fetch(`${rig.proxy.url}/admin/providers/${id}`)).text();
        expect(JSON.parse(told)).toMatchObject({ routing: { active: false } });
        expect(told).toContain('No request is sent there until 20');
        const pooled = await admin('models', { alias: 'pooled', upstream_id: 'x', pool_id: id });
        expect(pooled).toContain(`No resource of its pool ${id} may serve now. ${id}: `);
      }
      refusing.closeAllConnections();
      refusing.close();
    },
  );

  it('stays with what an upstream has answered', async () => {
    await admin('models', {
      alias: 'refused-there',
      upstream_id: 'fault:400',
      provider_id: 'team',
      fallbacks: ['gpt-5.5'],
    });
    const before = rig.upstream.ledger.creates.length;
    const seen = await rig.client.send({ body: aliased('refused-there') });
    expect(seen.status).toBe(400);
    expect(rig.upstream.ledger.creates.length).toBe(before);
  });
});

it('with PROXY_REGISTRY_ROUTING=off is the upstream’s to know, and not listed', async () => {
  const off = await Rig.start({
    keys: [key('only')],
    env: { PROXY_REGISTRY_ROUTING: 'off', PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32', TEAM_KEY: KEY },
  });
  const post = async (
    path: string,
    body: unknown,
  ): Promise<{ routing: { active: boolean; reason: string } }> => {
    const answer = await fetch(`${off.proxy.url}/admin/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return (await answer.json()) as { routing: { active: boolean; reason: string } };
  };
  const credential_ref = 'env:TEAM_KEY';
  const provider = await post('providers', {
    id: 'team',
    name: 'team',
    base_url: other.baseUrl,
    credential_ref,
  });
  const model = await post('models', { alias: 'ours', upstream_id: 'gpt-5.5-mini', provider_id: 'team' });
  for (const { routing } of [provider, model]) {
    expect(routing.active).toBe(false);
    expect(routing.reason).toContain('PROXY_REGISTRY_ROUTING');
  }
  const before = other.ledger.traffic.length;
  expect(await (await fetch(`${off.proxy.url}/v1/models`)).text()).not.toContain('ours');
  const seen = await off.client.send({ body: aliased('ours') });
  expect([seen.status, seen.headers['x-proxy-resource-id']]).toEqual([200, 'openai-1']);
  expect(off.upstream.ledger.last().bodySha256).toBe(sha(aliased('ours')));
  expect(other.ledger.traffic.length).toBe(before);
  await off.stop();
});
