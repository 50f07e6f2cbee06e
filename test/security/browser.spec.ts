import { randomBytes } from 'node:crypto';
import { request, type IncomingHttpHeaders } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OpenApiSource } from '../../src/admin/openapi.source.js';
import { startAdminApp } from '../support/admin-app.js';
import { askRaw } from '../support/raw-ask.js';
import { rawRequest } from '../support/raw-http.js';
import { note } from '../support/release.js';
import { SocketRig, UPGRADE } from '../support/socket-rig.js';

const TOKEN = 'admin-token-for-browsers-0123456789';
const EVIL = 'https://evil.example';
const JSON_BODY = '{"model":"gpt-5.5","input":"x"}';

interface Seen {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** Paths of the API that a method is for, ids filled in. */
async function documented(): Promise<{ method: string; path: string }[]> {
  const admin = await startAdminApp();
  const document = admin.app.get(OpenApiSource).document();
  await admin.close();
  return Object.entries(document?.paths ?? {}).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => ({
      method: method.toUpperCase(),
      path: path.replaceAll(/\{\w+\}/g, 'some_id'),
    })),
  );
}

describe('what a browser of somebody else could be made to do', () => {
  let ws: SocketRig;
  let routes: { method: string; path: string }[];
  beforeAll(async () => {
    routes = await documented();
    ws = await SocketRig.start();
  });
  afterAll(() => ws.stop());

  function ask(method: string, path: string, headers: Record<string, string> = {}, body = ''): Promise<Seen> {
    return new Promise((resolve, reject) => {
      const options = { host: '127.0.0.1', port: ws.proxy.port, method, path, headers };
      const req = request({ ...options, agent: false }, (res) => {
        let text = '';
        const done = (): void => resolve({ status: res.statusCode ?? 0, headers: res.headers, text });
        res.on('data', (chunk: Buffer) => (text += chunk.toString()));
        // A stream of events has no end.
        if (path === '/admin/events') res.once('data', () => res.destroy());
        res.on('error', () => undefined).once('close', done);
      });
      req.once('error', reject).end(body);
    });
  }

  it('no answer sets a cookie, opens itself to other sites, or lets itself be framed, sniffed or scripted', async () => {
    const guide = ['/docs/guide/README', '/docs/guide.css'];
    const extra = ['/', '/docs', '/docs/start.js', ...guide, '/openapi.json', '/nothing', '/v1/nothing'];
    const gets = routes.filter(({ method }) => method === 'GET').map(({ path }) => path);
    expect(gets.length).toBeGreaterThan(20);
    const wrong: string[] = [];
    const sites: Record<string, string>[] = [
      {},
      { origin: EVIL },
      { origin: EVIL, 'sec-fetch-site': 'cross-site', cookie: 'a=b' },
    ];
    for (const path of [...gets, ...extra])
      for (const headers of sites) {
        const seen = await ask('GET', path, headers);
        const bad = Object.keys(seen.headers).filter((name) =>
          /^(?:set-cookie|access-control-|x-powered-by|server$)/.test(name),
        );
        if (bad.length > 0) wrong.push(`${path}: ${bad.join()}`);
        if (path.startsWith('/v1')) continue;
        const policy = String(seen.headers['content-security-policy']);
        if (!policy.includes("frame-ancestors 'none'") || !policy.includes("default-src 'none'"))
          wrong.push(`${path}: ${policy}`);
        if (/unsafe|\*|https?:|blob:/.test(policy)) wrong.push(`${path}: ${policy}`);
        if (seen.headers['x-content-type-options'] !== 'nosniff') wrong.push(`${path}: sniffed`);
        if (path.startsWith('/admin') && seen.headers['cache-control'] !== 'no-store')
          wrong.push(`${path}: cached`);
      }
    expect(wrong).toEqual([]);
  });

  it.each([
    'evil.example',
    'evil.example:8000',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    '127.0.0.2',
    '10.0.0.1',
    '[::2]',
    'localhost@evil.example',
    '169.254.169.254',
  ])('a page that has its name lead here (Host: %s) is 421 on every guarded route', async (host) => {
    ws.rig.upstream.ledger.clear();
    for (const { method, path } of routes.filter((route) => /^\/(admin|metrics|v1)/.test(route.path))) {
      const body = method === 'POST' || method === 'PATCH' ? '{}' : '';
      const headers = { host, 'content-type': 'application/json', 'content-length': String(body.length) };
      const { status } = await ask(method, path, headers, body);
      expect(status, `${method} ${path}`).toBe(421);
    }
    const lines = [`host: ${host}`, ...UPGRADE];
    expect((await askRaw(ws.proxy.port, rawRequest('GET', '/v1/responses', lines))).status).toBe(421);
    expect(ws.rig.upstream.ledger.traffic.length).toBe(0);
  });

  it('no simple request changes anything: forms and text are refused, and so is another site that sends JSON', async () => {
    const changing = routes.filter(({ method, path }) => method !== 'GET' && !path.startsWith('/v1'));
    expect(changing.length).toBeGreaterThan(8);
    const foreign: Record<string, string>[] = [
      { origin: EVIL },
      { origin: 'null' },
      { 'sec-fetch-site': 'cross-site' },
      { 'sec-fetch-site': 'same-site' },
    ];
    for (const { method, path } of changing) {
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'multipart/form-data; boundary=x',
        'TEXT/PLAIN;charset=utf-8',
      ]) {
        const { status } = await ask(method, path, { 'content-type': type, 'content-length': '2' }, '{}');
        expect(status, `${method} ${path} ${type}`).toBe(415);
      }
      for (const site of foreign) {
        const { status } = await ask(
          method,
          path,
          { ...site, 'content-type': 'application/json', 'content-length': '2' },
          '{}',
        );
        expect(status, `${method} ${path} ${JSON.stringify(site)}`).toBe(403);
      }
    }
    const { status } = await ask(
      'POST',
      '/v1/responses',
      { 'content-type': 'text/plain', 'content-length': String(JSON_BODY.length) },
      JSON_BODY,
    );
    expect(status).toBe(415);
    note('S12', 'changing routes × 4 types and 4 sites, refused', changing.length * 8);
    for (const method of ['OPTIONS', 'TRACE']) expect((await ask(method, '/admin/state')).status).toBe(405);
  });

  it('no WebSocket opens for a page of another site', async () => {
    for (const origin of [
      EVIL,
      'null',
      'http://127.0.0.1.evil.example',
      `http://127.0.0.1:${ws.proxy.port + 1}`,
      'file://',
      `${EVIL}:${ws.proxy.port}`,
    ]) {
      const { status } = await askRaw(
        ws.proxy.port,
        rawRequest('GET', '/v1/responses', [
          ...UPGRADE,
          `origin: ${origin}`,
          `host: 127.0.0.1:${ws.proxy.port}`,
        ]),
      );
      expect(status, origin).toBe(403);
    }
    expect(ws.up.upgrades.length).toBe(0);
  });
});

it('reading changes nothing: every GET, as the operator, leaves the registry, its history and the upstream as they were', async () => {
  const routes = (await documented()).filter(
    ({ method, path }) => method === 'GET' && !path.startsWith('/v1/'),
  );
  const ws = await SocketRig.start({
    env: { PROXY_ADMIN_TOKEN: TOKEN, PROXY_SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64') },
  });
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' };
  const make = (path: string, body: object): Promise<Response> =>
    fetch(`${ws.proxy.url}/admin/${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
  await make('keys', { name: 'k' });
  await make('providers', {
    id: 'some_id',
    name: 'p',
    base_url: 'https://api.example.com/v1',
    enabled: false,
  });
  const tables = ['providers', 'models', 'client_keys', 'audit_entries'];
  const rows = (): Promise<unknown[]> =>
    Promise.all(tables.map((name) => ws.rig.history.rows(`SELECT * FROM ${name}`)));
  const before = await rows();
  ws.rig.upstream.ledger.clear();
  for (const { path } of routes.filter((route) => route.path !== '/admin/events'))
    for (const query of ['', '?delete=1&enabled=false&_method=DELETE&action=revoke'])
      await (
        await fetch(ws.proxy.url + path + query, {
          headers: { ...headers, 'x-http-method-override': 'DELETE' },
        })
      ).text();
  expect(await rows()).toEqual(before);
  note('S12', 'routes read that changed nothing', routes.length);
  expect(ws.rig.upstream.ledger.traffic.length).toBe(0);
  await ws.stop();
});
