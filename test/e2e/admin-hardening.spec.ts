import { once } from 'node:events';
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startAdminApp, type AdminApp } from '../support/admin-app.js';
import { askRaw } from '../support/raw-ask.js';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { until } from '../support/until.js';

const TOKEN = 'a-token-that-is-long-enough-for-tests-0123456789';
const portOf = (admin: AdminApp): number => Number(new URL(admin.url).port);

describe('the public side', () => {
  let admin: AdminApp;
  beforeAll(async () => {
    admin = await startAdminApp({ PROXY_CLIENT_STALL_TIMEOUT_SECONDS: '0.5' });
  });
  afterAll(() => admin.close());

  it.each(['/docs/swagger-ui-bundle.js', '/docs/swagger-ui.css', '/openapi.json'])(
    '%s is answered with 304 to whoever has it',
    async (path) => {
      const first = await fetch(admin.url + path);
      expect((await first.arrayBuffer()).byteLength).toBeGreaterThan(10_000);
      const etag = first.headers.get('etag') ?? '';
      expect(etag).toMatch(/^"[\w-]{27}"$/);
      // `fetch` adds "no-cache" to a condition of the caller's.
      const raw = await RawClient.open(portOf(admin));
      raw.send(rawRequest('GET', path, [`if-none-match: ${etag}`, 'connection: close']));
      await raw.untilClosed();
      expect(raw.text).toMatch(/^HTTP\/1\.1 304 [^]*\r\n\r\n$/);
      raw.destroy();
    },
  );

  it('a thousand pipelined requests for the largest file end the connection and cost nobody anything', async () => {
    const raw = await RawClient.open(portOf(admin));
    const before = process.memoryUsage().rss;
    const started = performance.now();
    raw.send(Buffer.concat(Array(1_000).fill(rawRequest('GET', '/docs/swagger-ui-bundle.js', []))));
    await raw.untilClosed();
    expect((await fetch(`${admin.url}/healthz`)).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(2_000);
    expect(process.memoryUsage().rss - before).toBeLessThan(100_000_000);
  });

  it('eight pipelined requests are all answered, on a connection that goes on', async () => {
    const raw = await RawClient.open(portOf(admin));
    const answers = (): number => raw.text.split('HTTP/1.1 200').length - 1;
    for (const expected of [8, 16, 24]) {
      raw.send(Buffer.concat(Array(8).fill(rawRequest('GET', '/healthz', []))));
      await until(answers, (n) => n === expected, { what: `${expected} answers` });
    }
    expect(raw.closed).toBe(false);
    raw.destroy();
  });

  it('a client that does not read its answer is cut', async () => {
    const accepted = once(admin.app.getHttpServer(), 'connection') as Promise<[Socket]>;
    const raw = await RawClient.open(portOf(admin));
    const [socket] = await accepted;
    raw.socket.pause();
    raw.send(Buffer.concat(Array(8).fill(rawRequest('GET', '/docs/swagger-ui-bundle.js', []))));
    await until(() => socket.destroyed, Boolean, { what: 'the connection cut', timeoutMs: 8_000 });
    raw.destroy();
  });

  it('an answer does not hold its connection for a body nobody wants', async () => {
    const raw = await RawClient.open(portOf(admin));
    raw.send('GET /healthz HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-length: 100\r\n\r\nhalf');
    await raw.untilText(/"status":"ok"/);
    await raw.untilClosed(3_000);
  });

  it('a body that arrives after all leaves the connection usable', async () => {
    const raw = await RawClient.open(portOf(admin));
    raw.send(rawRequest('GET', '/healthz', ['content-length: 4'], 'body'));
    await raw.untilText(/"status":"ok"/);
    raw.send(rawRequest('GET', '/readyz', []));
    await raw.untilText(/ready"/);
    raw.destroy();
  });

  it('whole requests have a time limit', () => {
    const { requestTimeout } = admin.app.getHttpServer() as { requestTimeout: number };
    expect(requestTimeout).toBe(315_000);
  });
});

describe('a caller without access', () => {
  let admin: AdminApp;
  beforeAll(async () => {
    admin = await startAdminApp({ PROXY_ADMIN_TOKEN: TOKEN });
  });
  afterAll(() => admin.close());

  it('is refused before its body is read', async () => {
    const raw = await RawClient.open(portOf(admin));
    const head = ['content-type: application/json', 'content-length: 1000'];
    raw.send(rawRequest('POST', '/admin/health/check', head, '{"a":'));
    await raw.untilText(/^HTTP\/1\.1 401 [^]*PROXY_ADMIN_TOKEN/);
    await raw.untilClosed(3_000);
  });

  it('is refused, not told that its body is broken', async () => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' };
    expect((await fetch(`${admin.url}/admin/health/check`, init)).status).toBe(401);
    const authorized = { ...init, headers: { ...init.headers, authorization: `Bearer ${TOKEN}` } };
    const response = await fetch(`${admin.url}/admin/health/check`, authorized);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_json' } });
  });
});

describe('parameters nothing can match', () => {
  let admin: AdminApp;
  beforeAll(async () => {
    admin = await startAdminApp();
  });
  afterAll(() => admin.close());

  const get = async (path: string) => {
    const response = await fetch(admin.url + path);
    const { error } = (await response.json()) as { error?: { code: string; param: string | null } };
    return { status: response.status, code: error?.code, param: error?.param };
  };
  const cursor = Buffer.from(JSON.stringify([1, 'req_\u0000'])).toString('base64url');

  it.each([
    ['/admin/requests?model=%00', 'model'],
    ['/admin/requests?session_id=a%00b', 'session_id'],
    ['/admin/requests?resource_id=%00', 'resource_id'],
    ['/admin/decisions?request_id=%00', 'request_id'],
    ['/admin/decisions?session_id=%00', 'session_id'],
    [`/admin/requests?cursor=${cursor}`, 'cursor'],
    [`/admin/sessions?cursor=${cursor}`, 'cursor'],
    ['/admin/requests?cursor=%00', 'cursor'],
    ['/admin/requests?since=%00', 'since'],
    ['/admin/requests?__proto__=1', '__proto__'],
    ['/admin/requests?constructor=1', 'constructor'],
    ['/admin/requests?toString=1', 'toString'],
    ['/admin/state?__proto__=1', '__proto__'],
    ['/metrics?constructor=1', 'constructor'],
  ])('%s is 400 and names the parameter', async (path, param) => {
    expect(await get(path)).toEqual({ status: 400, code: 'invalid_parameter', param });
  });

  it.each([
    '/admin/sessions/%00',
    '/admin/requests/%00',
    '/admin/requests/req_%00',
    '/admin/requests/REQ_019a2b3c4d5e0123456789abcdef0123',
    '/admin/requests/%00/body/request',
    `/admin/sessions/${'x'.repeat(600)}`,
  ])('%s is 404', async (path) => {
    expect(await get(path)).toMatchObject({ status: 404, code: 'not_found' });
  });
});

describe('GET /admin/events', () => {
  let admin: AdminApp;
  beforeAll(async () => {
    // Of the machine's addresses only one counts as local.
    admin = await startAdminApp({ PROXY_ANONYMOUS_ACCESS: 'telemetry' });
  });
  afterAll(() => admin.close());

  /** Status of a stream opened from one of this machine's many loopback addresses. */
  const openFrom = (localAddress: string): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      const req = request(`${admin.url}/admin/events`, { localAddress, agent: false }, (res) => {
        res.on('error', () => undefined).resume();
        resolve(res.statusCode);
      });
      req.on('error', reject).end();
      streams.push(req);
    });
  const streams: ReturnType<typeof request>[] = [];
  afterAll(() => streams.forEach((stream) => stream.destroy()));

  it('is not for a page whose name was made to lead here, nor is anything else that nobody is asked a token for', async () => {
    for (const path of ['/admin/events', '/admin/state', '/admin/requests', '/metrics']) {
      const { status, text } = await askRaw(
        portOf(admin),
        rawRequest('GET', path, ['host: evil.example:8000']),
      );
      expect([path, status]).toEqual([path, 421]);
      expect(text).toContain('PROXY_ALLOWED_HOSTS=evil.example');
    }
    const { status } = await askRaw(portOf(admin), rawRequest('GET', '/readyz', ['host: evil.example']));
    expect([200, 503]).toContain(status);
  });

  it('answers HEAD at once and keeps no place for it', async () => {
    for (let i = 0; i < 60; i += 1) {
      const response = await fetch(`${admin.url}/admin/events`, { method: 'HEAD' });
      expect(response.status).toBe(200);
      expect(response.headers.get('content-type')).toContain('text/event-stream');
    }
  });

  it('keeps 10 readers of one address and 50 of all', async () => {
    for (let host = 1; host <= 5; host += 1) {
      for (let i = 0; i < 10; i += 1) expect(await openFrom(`127.0.0.${host}`)).toBe(200);
      expect(await openFrom(`127.0.0.${host}`)).toBe(503);
    }
    expect(await openFrom('127.0.0.9')).toBe(503);
  });
});
