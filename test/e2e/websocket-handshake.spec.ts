import { afterEach, describe, expect, it } from 'vitest';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { key } from '../support/rig.js';
import type { UpgradeFault } from '../support/upstream-sockets.js';
import { SocketRig, UPGRADE } from '../support/socket-rig.js';
import { until } from '../support/until.js';

let ws: SocketRig;

afterEach(() => ws.stop());

describe('an upstream that refuses the handshake', () => {
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
    const keys = [key('1'), key('2')];
    ws = await SocketRig.start({ keys, env: { PROXY_WEBSOCKET_HANDSHAKE_TIMEOUT_SECONDS: '0.4' } });
    ws.up.faults.set('sk-test-1', fault);
    for (let i = 0; i < 4; i++) {
      const client = await ws.open();
      client.create({});
      expect((await client.ended())[0]?.type).toBe('response.completed');
      client.ws.close();
    }
    const all = await ws.rows(4);
    expect(all.every((r) => r.state === 'completed' && r.resource_id === 'openai-2')).toBe(true);
    const tries = await ws.rig.history.rows<{ class: string }>(
      "SELECT * FROM attempts WHERE resource_id = 'openai-1'",
    );
    expect(tries.length).toBe(ws.up.upgrades.filter((u) => u.key === 'sk-test-1').length);
    await ws.proxy.idle();
  });

  it.each<[string, UpgradeFault, number, string]>([
    ['all 401', 401, 502, 'upstream_auth_failed'],
    ['all 429', 429, 429, 'rate_limit_exceeded'],
    ['all 500', 500, 500, 'server_error'],
    ['all reset', 'reset', 502, 'upstream_connection_lost'],
    ['400', 400, 400, 'refused with 400'],
    ['404', 404, 426, 'upgrade_required'],
    ['405', 405, 426, 'upgrade_required'],
    ['426', 426, 426, 'upgrade_required'],
    ['200 instead of 101', 200, 426, 'upgrade_required'],
    ['302', 302, 502, 'unexpected_redirect'],
  ])('%s', async (_, fault, status, text) => {
    ws = await SocketRig.start();
    ws.up.faults.set('*', fault);
    ws.up.retryAfter = fault === 429 ? '3600' : null;
    const refusal = await ws.refused();
    expect([refusal.status, refusal.body]).toEqual([status, expect.stringContaining(text)]);
    expect(ws.up.upgrades.length).toBeLessThanOrEqual(3);
    if (fault === 429) expect(Number(refusal.headers['retry-after'])).toBeLessThanOrEqual(60);
    const [row] = await ws.rows(1);
    expect(row).toMatchObject({ status_code: status, id: refusal.headers['x-proxy-request-id'] });
    await ws.proxy.idle();
  });

  it('for a moment only is waited out: the client hears nothing of it', async () => {
    ws = await SocketRig.start({ keys: [key('1')] });
    ws.up.faults.set('*', 429);
    ws.up.retryAfter = '1';
    const opening = ws.open();
    await until(() => ws.up.upgrades.length > 0);
    ws.up.faults.delete('*');
    const client = await opening;
    expect(ws.up.upgrades.length).toBe(2);
    client.create({});
    expect((await client.ended())[0]?.type).toBe('response.completed');
    client.ws.close();
    const [row] = await ws.rows(1);
    expect(row).toMatchObject({ state: 'completed' });
  });

  it('and a client that leaves while its handshake waits is a client that left', async () => {
    ws = await SocketRig.start({ keys: [key('1')], env: { PROXY_WAIT_BUDGET_SECONDS: '20' } });
    ws.up.faults.set('*', 429);
    ws.up.retryAfter = '15';
    const raw = await RawClient.open(ws.proxy.port);
    raw.send(rawRequest('GET', '/v1/responses', UPGRADE));
    await until(() => ws.up.upgrades.length > 0);
    await until(async () => (await ws.proxy.admin<{ in_flight: number }>('/admin/state')).in_flight === 0);
    raw.destroy();
    expect((await ws.rows(1))[0]).toMatchObject({ state: 'client_aborted', error_code: 'client_aborted' });
    expect(ws.proxy.output).not.toContain('failed inside the proxy');
    await ws.proxy.idle();
  });

  it('without WebSocket at all the client is told 426', async () => {
    ws = await SocketRig.start({ upstream: { websocket: false } });
    expect((await ws.refused()).status).toBe(426);
  });
});

describe('who is let in', () => {
  it('not a page of another site, not a bad handshake, no other path, nothing else to upgrade to', async () => {
    ws = await SocketRig.start({ env: { PROXY_ANONYMOUS_ACCESS: 'proxy' } });
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

  it('a request that asks for HTTP/2 is served as the ordinary request it is, body and all', async () => {
    ws = await SocketRig.start();
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
    ws = await SocketRig.start({ env: { PROXY_WEBSOCKET_MAX_SOCKETS: '2' } });
    const [a, b] = [await ws.open(), await ws.open()];
    expect((await ws.refused()).status).toBe(503);
    a?.ws.close();
    await until(() => ws.up.connections[0]?.closed != null);
    await ws.open().then((c) => c.ws.close());
    b?.ws.close();
    await ws.proxy.restart({ env: { PROXY_WEBSOCKET: 'off' } });
    const off = await ws.refused();
    expect([off.status, off.body]).toEqual([426, expect.stringContaining('PROXY_WEBSOCKET')]);
  });
});
