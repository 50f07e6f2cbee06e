import 'reflect-metadata';
import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { Agent, request } from 'node:http';
import { resolve } from 'node:path';
import { Controller, Get, Module } from '@nestjs/common';
import { APP_FILTER, APP_GUARD, NestFactory } from '@nestjs/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AccessCheck } from '../../src/admin/access-check.service.js';
import { AccessGuard } from '../../src/admin/access.guard.js';
import { ErrorFilter } from '../../src/admin/error.filter.js';
import { OpenApiSource } from '../../src/admin/openapi.source.js';
import { ACCESS_KEY } from '../../src/common/access.js';
import { systemClock } from '../../src/common/clock.js';
import { CLOCK, LOGGER } from '../../src/common/tokens.js';
import { loadConfig } from '../../src/config/load-config.js';
import { APP_CONFIG } from '../../src/config/app-config.js';
import { newClientKey } from '../../src/registry/client-key-token.js';
import { startAdminApp } from '../support/admin-app.js';
import { demand, note } from '../support/release.js';
import { SocketRig, UPGRADE } from '../support/socket-rig.js';
import { createLogger } from '../../src/common/logger.js';

const TOKEN = 'admin-token-for-doors-0123456789abcdef';
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

/** Routes anybody may call: nothing but the life of the process, the page and the documents. */
const PUBLIC = [
  'GET /',
  'GET /assets/:name',
  'GET /docs',
  'GET /docs/:file',
  'GET /docs/guide.css',
  'GET /docs/guide/:page',
  'GET /docs/start.js',
  'GET /healthz',
  'GET /openapi.json',
  'GET /readyz',
];

interface Made {
  readonly id: string;
  readonly key: string;
}

interface RouteLayer {
  readonly route?: { readonly path: string; readonly methods: Readonly<Record<string, boolean>> };
}

/** Every route of the running application, Express's own and those of the document below /v1, as `METHOD /path`. */
async function allRoutes(): Promise<string[]> {
  const admin = await startAdminApp({ PROXY_ADMIN_TOKEN: TOKEN });
  const { router } = admin.app.getHttpAdapter().getInstance() as { router: { stack: RouteLayer[] } };
  const nest = router.stack.flatMap(({ route }) =>
    route === undefined ? [] : Object.keys(route.methods).map((m) => `${m.toUpperCase()} ${route.path}`),
  );
  const document = admin.app.get(OpenApiSource).document();
  const v1 = Object.entries(document?.paths ?? {})
    .filter(([path]) => path.startsWith('/v1/'))
    .flatMap(([path, methods]) => Object.keys(methods as object).map((m) => `${m.toUpperCase()} ${path}`));
  await admin.close();
  return [...new Set([...nest, ...v1])].sort();
}

/** Eight ways to write one path, with ids where parameters stand. */
function spellings(path: string): [string, string?][] {
  const plain = path.replaceAll(/[:{](\w+)\}?/g, 'some_id');
  const encoded = `/%${plain.charCodeAt(1).toString(16)}${plain.slice(2)}`;
  const swapped = plain.replaceAll(/[a-z]/g, (letter, at: number) =>
    at % 2 ? letter.toUpperCase() : letter,
  );
  return [
    [plain],
    [`${plain}/`],
    [`/${plain}`],
    [encoded],
    [swapped],
    [`${plain};x`],
    [`${plain}.json`],
    [plain, 'HEAD'],
  ];
}

describe('every door', () => {
  let ws: SocketRig;
  let routes: string[];
  let kept: Made;
  /** By name, what a stranger might try; `null` = no header. */
  const credentials = new Map<string, (door: 'admin' | 'v1') => string | null>();
  const agent = new Agent({ keepAlive: true, maxSockets: 16 });

  beforeAll(async () => {
    routes = await allRoutes();
    ws = await SocketRig.start({ env: { PROXY_ADMIN_TOKEN: TOKEN, PROXY_ALLOWED_HOSTS: 'proxy.example' } });
    const revoked = await makeKey();
    kept = await makeKey();
    await operator('DELETE', `keys/${revoked.id}`);
    credentials
      .set('none', () => null)
      .set('empty', () => 'Bearer ')
      .set('wrong', () => `Bearer ${newClientKey()}`)
      .set('the other door’s', (door) => `Bearer ${door === 'admin' ? kept.key : TOKEN}`)
      .set('revoked', () => `Bearer ${revoked.key}`)
      .set('a hash', (door) => `Bearer ${sha256(door === 'admin' ? TOKEN : kept.key)}`);
    // Those that are right open the door: what is refused below is refused for its credential.
    expect(await ask('GET', '/admin/state', `Bearer ${TOKEN}`, false)).toBe(200);
    expect(await ask('GET', '/v1/models', `Bearer ${kept.key}`, false)).toBe(200);
    expect(await ask('GET', '/v1/responses', `Bearer ${kept.key}`, true)).toBe(101);
    ws.up.upgrades.length = 0;
    ws.rig.upstream.ledger.clear();
  });
  afterAll(async () => {
    agent.destroy();
    await ws.stop();
  });

  async function operator(method: string, path: string, body?: object): Promise<Made> {
    const response = await fetch(`${ws.proxy.url}/admin/${path}`, {
      method,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return (await response.json()) as Made;
  }
  const makeKey = (): Promise<Made> => operator('POST', 'keys', { name: 'doors' });

  function ask(
    method: string,
    path: string,
    authorization: string | null,
    upgrade: boolean,
    host?: string,
  ): Promise<number> {
    return new Promise((answered, reject) => {
      const headers: Record<string, string> = upgrade
        ? Object.fromEntries(UPGRADE.map((line) => line.split(': ') as [string, string]))
        : {};
      if (host !== undefined) headers['host'] = host;
      if (authorization !== null) headers['authorization'] = authorization;
      const body = method === 'POST' || method === 'PATCH' ? '{}' : null;
      if (body !== null)
        Object.assign(headers, { 'content-type': 'application/json', 'content-length': '2' });
      const options = { host: '127.0.0.1', port: ws.proxy.port, method, path, headers };
      const req = request({ ...options, agent: upgrade ? false : agent }, (res) => {
        res.resume().once('close', () => answered(res.statusCode ?? 0));
      });
      req.once('upgrade', (res, socket) => {
        socket.destroy();
        answered(res.statusCode ?? 0);
      });
      req.once('error', reject).end(body ?? undefined);
    });
  }

  it('that is public is on the list', () => {
    const open = routes.filter((route) => !/^\w+ \/(admin|metrics|v1)\b/.test(route));
    expect(open).toEqual(PUBLIC);
  });

  it('opens by the names that are listed alone, the right credential in hand', async () => {
    const [admin, key] = [`Bearer ${TOKEN}`, `Bearer ${kept.key}`];
    for (const [host, opened] of [
      ['proxy.example', true],
      ['127.0.0.1', true],
      ['evil.example', false],
    ] as const) {
      const statuses = [
        await ask('GET', '/admin/state', admin, false, host),
        await ask('GET', '/metrics', admin, false, host),
        await ask('GET', '/v1/models', key, false, host),
        await ask('GET', '/v1/responses', key, true, host),
      ];
      expect(statuses, host).toEqual(opened ? [200, 200, 200, 101] : [421, 421, 421, 421]);
      expect(await ask('GET', '/healthz', null, false, host)).toBe(200);
    }
    ws.up.upgrades.length = 0;
    ws.rig.upstream.ledger.clear();
  });

  it('opens to none of six wrong credentials in none of eight spellings, over HTTP or Upgrade', async () => {
    const guarded = routes.filter((route) => !PUBLIC.includes(route));
    expect(guarded.length).toBeGreaterThan(35);
    const opened: string[] = [];
    let asked = 0;
    const jobs = guarded.flatMap((route) => {
      const [method = '', path = ''] = route.split(' ');
      const door = path.startsWith('/v1') ? 'v1' : 'admin';
      return spellings(path).flatMap(([spelling, other]) =>
        [...credentials].flatMap(([name, of]) =>
          [false, true].map((upgrade) => ({
            method: other ?? method,
            spelling,
            name,
            of: of(door),
            upgrade,
          })),
        ),
      );
    });
    const lane = async (): Promise<void> => {
      for (let job = jobs.pop(); job !== undefined; job = jobs.pop()) {
        const status = await ask(job.method, job.spelling, job.of, job.upgrade);
        asked += 1;
        if (status < 400 || status > 499) opened.push(`${status} ${JSON.stringify(job)}`);
      }
    };
    await Promise.all(Array.from({ length: 16 }, lane));
    expect(opened).toEqual([]);
    note('S7', 'routes that want a credential', guarded.length);
    note('S7', 'of 6 credentials × 8 spellings × HTTP and upgrade, asked', asked);
    demand('S7', 'opened', opened.length, { exactly: 0 });
    expect(asked).toBe(guarded.length * 6 * 8 * 2);
    expect(ws.rig.upstream.ledger.traffic.length).toBe(0);
    expect(ws.up.upgrades.length).toBe(0);
  }, 60_000);
});

describe('a route', () => {
  it('says who may call it, in every controller there is', async () => {
    const undeclared: string[] = [];
    let seen = 0;
    const files = readdirSync('src', { recursive: true, encoding: 'utf8' });
    for (const file of files.filter((name) => name.endsWith('.controller.ts'))) {
      const module = (await import(/* @vite-ignore */ resolve('src', file))) as Record<string, unknown>;
      for (const found of Object.values(module)) {
        if (typeof found !== 'function' || Reflect.getMetadata('path', found) === undefined) continue;
        const prototype = found.prototype as Record<string, object>;
        for (const name of Object.getOwnPropertyNames(prototype)) {
          const handler = prototype[name];
          if (name === 'constructor' || handler === undefined) continue;
          if (Reflect.getMetadata('path', handler) === undefined) continue;
          seen += 1;
          const policy: unknown =
            Reflect.getMetadata(ACCESS_KEY, handler) ?? Reflect.getMetadata(ACCESS_KEY, found);
          if (policy === undefined) undeclared.push(`${file}: ${name}`);
        }
      }
    }
    expect(seen).toBeGreaterThan(30);
    expect(undeclared).toEqual([]);
  });

  it('that does not is closed to everybody, the operator on this machine included', async () => {
    class Forgotten {
      read(): string {
        return 'open';
      }
    }
    Controller('forgotten')(Forgotten);
    Get()(Forgotten.prototype, 'read', Object.getOwnPropertyDescriptor(Forgotten.prototype, 'read')!);
    class Application {}
    const config = loadConfig({}, '0.0.0-test');
    Module({
      controllers: [Forgotten],
      providers: [
        AccessCheck,
        { provide: APP_CONFIG, useValue: config },
        { provide: CLOCK, useValue: systemClock },
        { provide: LOGGER, useValue: createLogger('silent') },
        { provide: APP_GUARD, useClass: AccessGuard },
        { provide: APP_FILTER, useClass: ErrorFilter },
      ],
    })(Application);
    const app = await NestFactory.create(Application, { logger: false });
    await app.listen(0, '127.0.0.1');
    const response = await fetch(`${await app.getUrl()}/forgotten`);
    expect([response.status, await response.text()]).toEqual([500, expect.stringContaining('nobody may')]);
    await app.close();
  });
});
