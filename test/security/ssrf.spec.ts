import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { demand, note } from '../support/release.js';
import { SocketRig, UPGRADE } from '../support/socket-rig.js';
import { askRaw } from '../support/raw-ask.js';
import { rawRequest } from '../support/raw-http.js';
import { key, Rig } from '../support/rig.js';
import { HOSTILE_URLS } from './hostile-urls.js';

const TOKEN = 'admin-token-for-addresses-0123456789';
const OLD_KEY = 'sk-old-address-canary-0123456789';

/** Listens where nobody should be led, and answers whatever comes. */
class Trap {
  readonly heard: string[] = [];
  status = 307;
  private constructor(private readonly server: Server) {}

  static async set(redirect: ((url: string) => string) | null = null): Promise<Trap> {
    const server = createServer((req, res) => {
      trap.heard.push(`${req.method} ${req.url} ${req.headers.authorization ?? ''}`);
      req.resume();
      if (redirect !== null) res.writeHead(trap.status, { location: redirect(req.url ?? '') });
      res.end('{}');
    });
    const trap = new Trap(server.listen(0, '127.0.0.1'));
    await once(server, 'listening');
    return trap;
  }

  get at(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.server.close();
    this.server.closeAllConnections();
  }
}

describe('where requests go', () => {
  let ws: SocketRig;
  let trap: Trap;
  beforeAll(async () => {
    trap = await Trap.set();
    ws = await SocketRig.start({
      keys: [key('env')],
      env: { PROXY_ADMIN_TOKEN: TOKEN, PROXY_SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64') },
    });
  });
  afterAll(async () => {
    trap.close();
    await ws.stop();
  });
  beforeEach(() => ws.rig.upstream.ledger.clear());

  async function admin(
    method: string,
    path: string,
    body: object,
  ): Promise<{ status: number; text: string }> {
    const response = await fetch(`${ws.proxy.url}/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    return { status: response.status, text: await response.text() };
  }

  it(`${HOSTILE_URLS.length} base URLs are refused when a provider is made and when it is changed`, async () => {
    const draft = { id: 'honest', name: 'honest', base_url: 'https://api.example.com/v1', enabled: false };
    expect(await admin('POST', 'providers', { ...draft, api_key: OLD_KEY })).toMatchObject({ status: 201 });
    const wrong: string[] = [];
    for (const base_url of [...HOSTILE_URLS, `${trap.at}/v1`]) {
      const made = await admin('POST', 'providers', { name: 'hostile', base_url, api_key: OLD_KEY });
      const changed = await admin('PATCH', 'providers/honest', { base_url, api_key: OLD_KEY });
      for (const { status, text } of [made, changed])
        if (status !== 400 || !text.includes('"param":"base_url"') || text.includes(OLD_KEY))
          wrong.push(`${JSON.stringify(base_url)} → ${status} ${text}`);
    }
    expect(wrong).toEqual([]);
    demand('S3', 'hostile base URLs refused, made and changed', HOSTILE_URLS.length, { atLeast: 36 });
    expect(trap.heard).toEqual([]);
  });

  it('an address is given to no new place without its key: made, changed, enabled, or made again', async () => {
    const public_ = 'https://new.example.com/v1';
    const moves = [
      { base_url: public_ },
      { base_url: public_, enabled: true },
      { base_url: public_, name: 'else', weight: 2 },
      { base_url: public_, auth_type: 'bearer' },
      { base_url: public_, auth_type: 'header', auth_header: 'x-key' },
      { base_url: 'https://api.example.com:8443/v1' },
      { base_url: 'https://api.example.com/v2' },
    ];
    for (const move of moves) {
      const moved = await admin('PATCH', 'providers/honest', move);
      expect([moved.status, moved.text], JSON.stringify(move)).toEqual([
        400,
        expect.stringContaining('base_url'),
      ]);
    }
    note('S4', 'ways to move a provider without its key, refused', moves.length + 1);
    // Without auth there is no key to keep; it does not come back with the auth.
    await admin('POST', 'providers', {
      id: 'gone',
      name: 'gone',
      base_url: public_,
      api_key: OLD_KEY,
      enabled: false,
    });
    expect((await admin('PATCH', 'providers/gone', { auth_type: 'none' })).status).toBe(200);
    await admin('PATCH', 'providers/gone', { base_url: 'https://else.example.com/v1', auth_type: 'bearer' });
    const after = await fetch(`${ws.proxy.url}/admin/providers/gone`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(await after.json()).toMatchObject({ api_key_configured: false });
  });

  it('a destination in a header, the query or the body leads nowhere', async () => {
    const to = trap.at;
    const headers = [
      'x-upstream-url',
      'x-base-url',
      'x-target-url',
      'x-forwarded-host',
      'x-forwarded-server',
      'x-host',
      'x-original-url',
      'x-rewrite-url',
      'forwarded',
      'destination',
      'openai-base-url',
      'x-openai-base-url',
      'x-codex-base-url',
      'x-portkey-custom-host',
      'helicone-target-url',
      'x-proxy-base-url',
      'x-proxy-upstream',
      'referer',
      'proxy',
    ];
    const names = [
      'base_url',
      'api_base',
      'baseUrl',
      'url',
      'host',
      'endpoint',
      'upstream',
      'server_url',
      'callback_url',
      'proxy',
    ];
    const nested = (depth: number, leaf: unknown): unknown =>
      depth === 0 ? leaf : { a: [nested(depth - 1, leaf)] };
    const all = Object.fromEntries(names.map((name) => [name, `${to}/v1`]));
    const bodies: object[] = [
      all,
      ...names.map((name) => ({ [name]: `${to}/v1` })),
      ...[1, 5, 30].map((depth) => ({ extra: nested(depth, all) })),
      { metadata: all, client_metadata: all, prompt: { id: to }, conversation: null },
      { litellm_params: all, extra_body: all, extra_headers: { host: to }, provider: all },
    ];
    let sent = 0;
    for (const body of bodies) {
      const seen = await ws.rig.client.send({ body: { store: false, ...body } });
      expect(seen.status, JSON.stringify(body)).toBe(200);
      sent += 1;
    }
    for (const name of headers) {
      const lines = ['authorization: Bearer x', 'content-type: application/json', `${name}: ${to}/v1`];
      const { status } = await askRaw(
        ws.proxy.port,
        rawRequest('POST', '/v1/responses', lines, '{"model":"gpt-5.5"}'),
      );
      // Some count as marks of a reverse proxy, and then the caller is no longer a local one.
      expect([200, 401], name).toContain(status);
      sent += status === 200 ? 1 : 0;
      await askRaw(ws.proxy.port, rawRequest('GET', '/v1/responses', [...UPGRADE, `${name}: ${to}/v1`]));
    }
    for (const name of names) {
      const path = `/v1/responses?${name}=${encodeURIComponent(to)}`;
      expect((await ws.rig.client.send({ path, body: { store: false } })).status).toBe(200);
      sent += 1;
    }
    expect(ws.rig.upstream.ledger.creates.length).toBe(sent);
    note('S3', 'requests that name a destination', bodies.length + 2 * headers.length + names.length);
    demand('S3', 'of them anywhere else', trap.heard.length, { exactly: 0 });
  });
});

describe('an upstream that redirects', () => {
  it('is followed by no request, no handshake and no probe, whichever way it says so', async () => {
    const trap = await Trap.set();
    const guide = await Trap.set((url) => `${trap.at}${url}`);
    const rig = await Rig.start({ keys: [key('1')], env: { PROXY_UPSTREAM_BASE_URL: `${guide.at}/v1` } });
    try {
      for (guide.status of [301, 302, 303, 307, 308]) {
        const heard = guide.heard.length;
        const seen = await rig.client.send({ body: {} });
        expect([seen.status, seen.text.includes('unexpected_redirect')]).toEqual([502, true]);
        expect((await askRaw(rig.proxy.port, rawRequest('GET', '/v1/responses', UPGRADE))).status).toBe(502);
        await fetch(`${rig.proxy.url}/admin/health/check`, { method: 'POST' });
        expect(guide.heard.length - heard).toBeGreaterThanOrEqual(3);
        expect(JSON.stringify(seen.headers) + seen.text).not.toContain(trap.at);
      }
      demand('S3', 'redirects followed, of five kinds', trap.heard.length, { exactly: 0 });
    } finally {
      await rig.stop();
      guide.close();
      trap.close();
    }
  });
});
