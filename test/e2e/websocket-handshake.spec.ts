import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeUpstream } from '../support/fake-upstream.js';
import { askRaw } from '../support/raw-ask.js';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { key } from '../support/rig.js';
import type { UpgradeFault } from '../support/upstream-sockets.js';
import { SocketRig, UPGRADE } from '../support/socket-rig.js';
import { until } from '../support/until.js';

describe('an upstream that refuses the handshake', () => {
  let ws: SocketRig;

  beforeAll(async () => {
    const env = { PROXY_WEBSOCKET_HANDSHAKE_TIMEOUT_SECONDS: '1', PROXY_WAIT_BUDGET_SECONDS: '20' };
    ws = await SocketRig.pooled(21, 2, { env });
  });
  afterAll(() => ws.stop());

  it.each<[string, UpgradeFault]>([
    ['401', 401],
    ['403', 403],
    ['429', 429],
    ['500', 500],
    ['503', 503],
    ['a reset', 'reset'],
    ['silence', 'hang'],
    ['garbage', 'garbage'],
  ])('%s from one key is invisible to the client', async (_, fault) => {
    const pool = ws.pool();
    const [first = '', second = ''] = pool.keys;
    ws.up.faults.set(first, fault);
    for (let i = 0; i < 4; i++) {
      const client = await pool.open();
      client.create({});
      expect((await client.ended())[0]?.type).toBe('response.completed');
      client.ws.close();
    }
    const all = await pool.rows(4);
    expect(all.every((r) => r.state === 'completed' && r.resource_id === pool.idOf(second))).toBe(true);
    const tries = await ws.rig.history.rows<{ class: string }>(
      `SELECT * FROM attempts WHERE resource_id = '${pool.idOf(first)}'`,
    );
    expect(tries.length).toBe(pool.upgrades(first));
    await ws.proxy.idle();
  });

  it.each<[string, UpgradeFault, number, string]>([
    ['all 401', 401, 502, 'upstream_auth_failed'],
    ['all 429', 429, 429, 'rate_limit_exceeded'],
    ['all 500', 500, 500, 'server_error'],
    ['all reset', 'reset', 502, 'upstream_connection_lost'],
    ['all silent', 'hang', 504, 'PROXY_WEBSOCKET_HANDSHAKE_TIMEOUT_SECONDS'],
    ['400', 400, 400, 'refused with 400'],
    ['404', 404, 426, 'upgrade_required'],
    ['405', 405, 426, 'upgrade_required'],
    ['426', 426, 426, 'upgrade_required'],
    ['200 instead of 101', 200, 426, 'upgrade_required'],
    ['302', 302, 502, 'unexpected_redirect'],
  ])('%s', async (_, fault, status, text) => {
    const pool = ws.pool();
    pool.refuseAll(fault);
    ws.up.retryAfter = fault === 429 ? '3600' : null;
    const refusal = await pool.refused();
    ws.up.retryAfter = null;
    expect([refusal.status, refusal.body]).toEqual([status, expect.stringContaining(text)]);
    expect(refusal.body).not.toContain('PROXY_FIRST_BYTE');
    expect(pool.upgrades()).toBeLessThanOrEqual(3);
    if (fault === 429) expect(Number(refusal.headers['retry-after'])).toBeLessThanOrEqual(60);
    const [row] = await pool.rows(1);
    expect(row).toMatchObject({ status_code: status, id: refusal.headers['x-proxy-request-id'] });
    await ws.proxy.idle();
  });

  it('for a moment only is waited out: the client hears nothing of it', async () => {
    const pool = ws.pool();
    const [first = '', second = ''] = pool.keys;
    ws.up.faults.set(second, 401);
    ws.up.faults.set(first, 429);
    ws.up.retryAfter = '1';
    const opening = pool.open();
    await until(() => pool.upgrades(first) > 0);
    ws.up.faults.delete(first);
    const client = await opening;
    ws.up.retryAfter = null;
    expect(pool.upgrades(first)).toBe(2);
    client.create({});
    expect((await client.ended())[0]?.type).toBe('response.completed');
    client.ws.close();
    const [row] = await pool.rows(1);
    expect(row).toMatchObject({ state: 'completed' });
  });

  it('and a client that leaves while its handshake waits is a client that left', async () => {
    const pool = ws.pool();
    const [first = '', second = ''] = pool.keys;
    ws.up.faults.set(second, 401);
    ws.up.faults.set(first, 429);
    ws.up.retryAfter = '15';
    const raw = await RawClient.open(ws.proxy.port);
    raw.send(rawRequest('GET', '/v1/responses', [...UPGRADE, `x-proxy-pool-id: ${pool.name}`]));
    await until(() => pool.upgrades(first) > 0);
    await until(async () => (await ws.proxy.admin<{ in_flight: number }>('/admin/state')).in_flight === 0);
    raw.destroy();
    const [row] = await pool.rows(1);
    expect(row).toMatchObject({ state: 'client_aborted', error_code: 'client_aborted' });
    expect(ws.proxy.output).not.toContain('failed inside the proxy');
    await ws.proxy.idle();
  });
});

it('an upstream without WebSocket at all is told to the client as 426, unless another provider offers it and its session is nobody’s', async () => {
  const token = 'admin-token-for-handshakes-0123456789';
  const env = {
    PROXY_ADMIN_TOKEN: token,
    PROXY_SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
    PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32',
  };
  const ws = await SocketRig.start({ upstream: { websocket: false }, env });
  const other = await FakeUpstream.start({ keys: [key('other')], websocket: true });
  const asked = (): number =>
    ws.rig.upstream.ledger.arrivals.filter(({ method, path }) => method === 'GET' && path === '/v1/responses')
      .length;
  expect((await ws.refused()).status).toBe(426);
  // Two keys go there, and neither of them would be told anything else.
  expect(asked()).toBe(1);
  const session = { 'x-proxy-session-id': 'at-home-over-http' };
  const body = { model: 'gpt-5.5', input: 'hi' };
  expect((await ws.rig.client.send({ body, headers: session })).status).toBe(200);
  const made = await fetch(`${ws.proxy.url}/admin/providers`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ id: 'other', name: 'o', base_url: other.baseUrl, api_key: 'sk-test-other' }),
  });
  expect(made.status).toBe(201);
  // Each is as likely to be asked first.
  for (let n = 0; n < 12; n += 1) {
    const client = await ws.open();
    client.create({});
    expect((await client.ended())[0]?.type).toBe('response.completed');
    client.ws.close();
  }
  expect(asked()).toBeGreaterThan(1);
  expect((await ws.refused(session)).status).toBe(426);
  // What the other one answers says more than that there is HTTP.
  other.sockets.faults.set('*', 429);
  other.sockets.retryAfter = '3600';
  const limited = await ws.refused();
  expect([limited.status, limited.body]).toEqual([429, expect.stringContaining('refused with 429')]);
  expect(Number(limited.headers['retry-after'])).toBeLessThanOrEqual(60);
  const passed = await ws.rig.history.rows<{ retry_reason: string }>(
    `SELECT DISTINCT retry_reason FROM attempts WHERE status = 404`,
  );
  expect(passed).toEqual([{ retry_reason: 'no_websocket' }]);
  await ws.stop();
  await other.stop();
});

describe('who is let in', () => {
  let ws: SocketRig;

  beforeAll(async () => {
    const env = { PROXY_ANONYMOUS_ACCESS: 'proxy', PROXY_WEBSOCKET_MAX_SOCKETS: '2' };
    ws = await SocketRig.start({ env });
  });
  afterAll(() => ws.stop());

  it('not a page of another site, not a bad handshake, no other path, nothing else to upgrade to', async () => {
    const ask = async (path: string, headers: readonly string[], method = 'GET'): Promise<string> => {
      const raw = await RawClient.open(ws.proxy.port);
      raw.send(rawRequest(method, path, headers));
      await raw.untilText(/HTTP\/1.1 \d+[^]*\r\n\r\n/);
      const { text } = raw;
      raw.destroy();
      return text.slice(9, 12);
    };
    expect(await ask('/v1/responses', [...UPGRADE, 'origin: https://evil.example'])).toBe('403');
    expect(await ask('/v1/responses', UPGRADE.slice(0, 3))).toBe('400');
    expect(
      await ask('/v1/responses', [...UPGRADE.slice(0, 2), 'sec-websocket-version: 7', UPGRADE[3] ?? '']),
    ).toBe('400');
    expect(await ask('/v1/models', UPGRADE)).toBe('426');
    expect(await ask('/v1/../admin', UPGRADE)).toBe('426');
    expect(await ask('/admin/nothing', UPGRADE)).toBe('404');
    expect(
      await ask('/healthz', ['connection: Upgrade, HTTP2-Settings', 'upgrade: h2c', 'http2-settings: x']),
    ).toBe('200');
    expect(ws.up.upgrades.length).toBe(0);
    const refusal = await ws.refused({ origin: 'https://evil.example' });
    expect(refusal.status).toBe(403);
    await ws.open({ origin: ws.proxy.url }).then((c) => c.ws.close());
  });

  it('not a page whose name was made to lead here, where nobody is asked for a credential', async () => {
    const statusFor = async (
      host: string,
      path: string,
      headers: readonly string[],
    ): Promise<number | null> =>
      (await askRaw(ws.proxy.port, rawRequest('GET', path, [`host: ${host}`, ...headers]))).status;
    const before = ws.up.upgrades.length;
    for (const host of ['evil.example', '127.0.0.1.evil.example:8000']) {
      expect(await statusFor(host, '/v1/models', [])).toBe(421);
      expect(await statusFor(host, '/v1/responses', UPGRADE)).toBe(421);
      expect(await statusFor(host, '/healthz', [])).toBe(200);
    }
    expect(await statusFor('responses-proxy:8000', '/v1/models', [])).toBe(200);
    expect(ws.up.upgrades.length).toBe(before);
  });

  it('a request that asks for HTTP/2 is served as the ordinary request it is, body and all', async () => {
    const raw = await RawClient.open(ws.proxy.port);
    const head = ['content-type: application/json', 'connection: Upgrade', 'upgrade: h2c'];
    raw.send(
      rawRequest('POST', '/v1/responses', head, JSON.stringify({ model: 'gpt-5.5', input: 'over h2c' })),
    );
    await raw.untilText(/you said over h2c/);
    expect(raw.status).toBe(200);
    raw.destroy();
  });

  it('nobody when it is off, and no more than the limit', async () => {
    await until(() => ws.up.connections.every(({ closed }) => closed !== null));
    const before = ws.up.connections.length;
    const [a, b] = [await ws.open(), await ws.open()];
    expect((await ws.refused()).status).toBe(503);
    a?.ws.close();
    await until(() => ws.up.connections[before]?.closed != null);
    await ws.open().then((c) => c.ws.close());
    b?.ws.close();
    await ws.proxy.restart({ env: { PROXY_WEBSOCKET: 'off' } });
    const off = await ws.refused();
    expect([off.status, off.body]).toEqual([426, expect.stringContaining('PROXY_WEBSOCKET')]);
  });
});
