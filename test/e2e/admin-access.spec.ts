import { MetadataScanner } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ACCESS_KEY } from '../../src/common/access.js';
import { OpenApiSource } from '../../src/admin/openapi.source.js';
import { startAdminApp, type AdminApp } from '../support/admin-app.js';

const TOKEN = 'a-token-that-is-long-enough-for-tests-0123456789';

interface RouteLayer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

const routesOf = (admin: AdminApp): string[] => {
  const router = (admin.app.getHttpAdapter().getInstance() as { router: { stack: RouteLayer[] } }).router;
  return router.stack.flatMap(({ route }) =>
    route === undefined
      ? []
      : Object.keys(route.methods).map((method) => `${method.toUpperCase()} ${route.path}`),
  );
};

describe('with PROXY_ADMIN_TOKEN', () => {
  let admin: AdminApp;
  beforeAll(async () => {
    admin = await startAdminApp({ PROXY_ADMIN_TOKEN: TOKEN });
  });
  afterAll(() => admin.close());

  it('every admin route and /metrics refuses a caller without it, in any spelling', async () => {
    const guarded = routesOf(admin).filter((route) => / \/(admin|metrics)/.test(route));
    expect(guarded.length).toBeGreaterThan(10);
    for (const route of guarded) {
      const [method, path = ''] = route.split(' ');
      for (const spelling of [
        path,
        `${path}/`,
        path.toUpperCase(),
        `/${path}`,
        `${path};x`,
        `${path}.json`,
      ]) {
        for (const authorization of [undefined, 'Bearer ', 'Bearer wrong', `Basic ${TOKEN}`]) {
          const headers = authorization === undefined ? undefined : { authorization };
          const response = await fetch(`${admin.url}${spelling}`, { method, headers });
          await response.text();
          expect(response.status, `${method} ${spelling}`).toBeGreaterThanOrEqual(400);
        }
      }
    }
  });

  it('lets the right token in, also after 20 wrong ones from the same address', async () => {
    let last = 0;
    for (let i = 0; i < 22; i += 1) {
      const response = await fetch(`${admin.url}/admin/state`, {
        headers: { authorization: `Bearer wrong${i}` },
      });
      await response.text();
      last = response.status;
    }
    expect(last).toBe(429);
    const response = await fetch(`${admin.url}/admin/state`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ resources: [], queue_depth: expect.any(Number) });
  });
});

describe('without a token', () => {
  let admin: AdminApp;
  beforeAll(async () => {
    admin = await startAdminApp();
  });
  afterAll(() => admin.close());

  const get = async (path: string, init: RequestInit = {}) => {
    const response = await fetch(`${admin.url}${path}`, init);
    const text = await response.text();
    const body = (text.startsWith('{') ? JSON.parse(text) : {}) as {
      error?: { code: string; param: string | null };
    };
    return {
      status: response.status,
      headers: response.headers,
      code: body.error?.code,
      param: body.error?.param,
    };
  };

  it('every route declares who may call it', () => {
    const scanner = new MetadataScanner();
    const container = (
      admin.app as unknown as {
        container: {
          getModules(): Map<string, { controllers: Map<unknown, { instance: object; metatype: object }> }>;
        };
      }
    ).container;
    const undeclared: string[] = [];
    let seen = 0;
    for (const module of container.getModules().values()) {
      for (const { instance, metatype } of module.controllers.values()) {
        const prototype = Object.getPrototypeOf(instance) as Record<string, object>;
        for (const name of scanner.getAllMethodNames(prototype)) {
          const handler = prototype[name];
          if (handler === undefined || Reflect.getMetadata('path', handler) === undefined) continue;
          seen += 1;
          const policy: unknown =
            Reflect.getMetadata(ACCESS_KEY, handler) ?? Reflect.getMetadata(ACCESS_KEY, metatype);
          if (policy === undefined) undeclared.push(name);
        }
      }
    }
    expect(seen).toBeGreaterThan(15);
    expect(undeclared).toEqual([]);
  });

  it('trusts programs of this machine only', async () => {
    expect((await get('/admin/state')).status).toBe(200);
    expect(await get('/admin/state', { headers: { 'x-forwarded-for': '127.0.0.1' } })).toMatchObject({
      status: 401,
    });
    expect(await get('/admin/state', { headers: { origin: 'https://evil.example' } })).toMatchObject({
      status: 403,
    });
  });

  it('changes nothing for pages of other sites', async () => {
    const path = '/admin/health/check';
    expect((await get(path, { method: 'POST' })).status).toBe(200);
    expect(
      await get(path, { method: 'POST', body: 'x', headers: { 'content-type': 'text/plain' } }),
    ).toMatchObject({
      status: 415,
    });
    expect((await get(path, { method: 'OPTIONS' })).status).toBe(405);
  });

  it.each([
    ['/admin/requests?limit=0', 'limit'],
    ['/admin/requests?limit=501', 'limit'],
    ['/admin/requests?limit=1e2', 'limit'],
    ['/admin/requests?limit=1&limit=2', 'limit'],
    ['/admin/requests?modle=x', 'modle'],
    ['/admin/requests?since=yesterday', 'since'],
    ['/admin/requests?cursor=zzz', 'cursor'],
    ['/admin/usage?group_by=x', 'group_by'],
    ['/admin/state?x=1', 'x'],
  ])('%s is 400 and names the parameter', async (path, param) => {
    expect(await get(path)).toMatchObject({ status: 400, code: 'invalid_parameter', param });
  });

  it.each(['requests', 'sessions', 'decisions', 'usage', 'history-events'])('lists %s', async (name) => {
    const response = await fetch(`${admin.url}/admin/${name}`);
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({ [name.replace('-', '_')]: [], next_cursor: null });
  });

  it('sends strict headers and no cookie', async () => {
    const { headers } = await get('/');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).not.toContain('unsafe-inline');
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('set-cookie')).toBeNull();
    expect(headers.get('access-control-allow-origin')).toBeNull();
  });

  it('answers metrics and an OpenAPI document', async () => {
    const metrics = await (await fetch(`${admin.url}/metrics`)).text();
    expect(metrics).toContain('rpx_in_flight 0');
    expect(admin.app.get(OpenApiSource).document()?.paths['/admin/state']).toBeDefined();
  });
});
