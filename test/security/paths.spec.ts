import { posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProxyError } from '../../src/common/errors.js';
import { matchRoute } from '../../src/proxy/route-grammar.js';
import { newClientKey } from '../../src/registry/client-key-token.js';
import { askRaw } from '../support/raw-ask.js';
import { rawRequest } from '../support/raw-http.js';
import { demand, note, size } from '../support/release.js';
import { SocketRig, UPGRADE } from '../support/socket-rig.js';
import { until } from '../support/until.js';
import { HOSTILE_PATHS } from './hostile-paths.js';
import { Dice } from './dice.js';

const JSON_HEAD = ['content-type: application/json', 'authorization: Bearer none'];
const BODY = JSON.stringify({ model: 'gpt-5.5', input: 'x' });

describe('a hostile path', () => {
  let ws: SocketRig;
  beforeAll(async () => {
    ws = await SocketRig.start({ env: { PROXY_ADMIN_TOKEN: 'admin-token-for-paths-0123456789' } });
  });
  afterAll(() => ws.stop());

  it(`is refused over HTTP and over Upgrade, every one of ${HOSTILE_PATHS.length}, and nothing goes upstream`, async () => {
    const wrong: string[] = [];
    for (const path of HOSTILE_PATHS) {
      const asked = await Promise.all([
        askRaw(ws.proxy.port, rawRequest('GET', path, JSON_HEAD)),
        askRaw(ws.proxy.port, rawRequest('DELETE', path, JSON_HEAD)),
        askRaw(ws.proxy.port, rawRequest('POST', path, JSON_HEAD, BODY)),
        askRaw(ws.proxy.port, rawRequest('GET', path, UPGRADE)),
        askRaw(ws.proxy.port, rawRequest('POST', path, [...UPGRADE, ...JSON_HEAD], BODY)),
      ]);
      for (const [n, { status, hung }] of asked.entries())
        if (hung || status === null || status < 400 || status > 499) wrong.push(`${n} ${path} → ${status}`);
    }
    expect(wrong).toEqual([]);
    demand('S2', 'hostile paths, over HTTP and upgrade', HOSTILE_PATHS.length, { atLeast: 48 });
    expect(ws.rig.upstream.ledger.traffic.map(({ path }) => path)).toEqual([]);
    expect(ws.up.upgrades.length).toBe(0);
  });
});

const KEY = newClientKey();
const TARGETS_WITH_A_KEY = [
  `/v1/responses?api_key=${KEY}`,
  `/v1/responses?API-Key=sk-somebodys-own-key-000`,
  `/v1/responses?stream=true&access_token=${KEY}`,
  `/v1/responses?a=1;token=secret`,
  `/v1/responses?%61pi_key=x`,
  `/v1/responses?%2561pi_key%253Dx`,
  `/v1/responses?note=see+${KEY}`,
  `/v1/responses?${KEY}`,
  `/v1/responses?a=rpx%5F${KEY.slice(4)}`,
  `/v1/responses?a=%2572px%255f${KEY.slice(4)}`,
  `/v1/responses?a=${KEY.toUpperCase()}`,
  `/v1/responses/${KEY}`,
  `/v1/responses/resp_1/input_items/${KEY}`,
  `/v1/conversations/x${KEY}?limit=1`,
  `/v1/nowhere/${KEY}`,
  `/v1/responses/%72px_${KEY.slice(4)}`,
  `/v1/responses/%2572px%255f${KEY.slice(4)}`,
  `/v1/responses/sk-somebodys-own-key-000`,
  `/v1/responses?note=see+sk-somebodys-own-key-000`,
];

describe('a credential in a URL', () => {
  let ws: SocketRig;
  beforeAll(async () => {
    ws = await SocketRig.start({ env: { PROXY_LOG_LEVEL: 'debug' } });
  });
  afterAll(() => ws.stop());

  it.each(TARGETS_WITH_A_KEY)('is refused, named, not passed on, stored or logged: %s', async (target) => {
    const method = target.startsWith('/v1/responses?') ? 'POST' : 'GET';
    const asked = [
      await askRaw(
        ws.proxy.port,
        rawRequest(method, target, JSON_HEAD, method === 'POST' ? BODY : undefined),
      ),
      await askRaw(ws.proxy.port, rawRequest('PUT', target, JSON_HEAD)),
      ...(method === 'POST' ? [await askRaw(ws.proxy.port, rawRequest('GET', target, UPGRADE))] : []),
    ];
    for (const { status, text } of asked) {
      expect([status, text]).toEqual([400, expect.stringContaining('Authorization: Bearer')]);
      expect(text).not.toMatch(/rpx_\w{8}|somebodys/i);
    }
    expect([ws.rig.upstream.ledger.traffic.length, ws.up.upgrades.length]).toEqual([0, 0]);
  });

  it('is in no row and no line of the log afterwards', async () => {
    const rows = await until(
      () => ws.rig.history.rows<object>('SELECT * FROM requests'),
      (all) => all.length >= TARGETS_WITH_A_KEY.length * 2,
    );
    for (const text of [JSON.stringify(rows), ws.proxy.output]) {
      expect(text.toLowerCase()).not.toContain(KEY.slice(4).toLowerCase());
      expect(text).not.toContain('somebodys-own');
    }
  });

  it('is none where a query only sounds like one', async () => {
    const path = '/v1/models?keys=1&tokens=2&max_tokens=3&after=rpx_1&api_key=&key';
    expect((await ws.rig.client.send({ method: 'GET', path, body: null })).status).toBe(200);
    expect(ws.rig.upstream.ledger.arrivals.at(-1)?.path).toBe(path);
  });
});

/** The prefixes that may be reached below the upstream's base. */
const INSIDE = /^\/(?:responses|conversations|models)(?:\/[A-Za-z0-9_.:-]+){0,3}$/;

/** The path as the most eager of upstreams would read it. */
function eager(path: string): string {
  let read = path.split('?')[0] ?? '';
  for (let i = 0; i < 3; i++) {
    try {
      read = decodeURIComponent(read);
    } catch {
      break; // Not an encoding: read as it stands.
    }
  }
  return posix.normalize(read.replaceAll('\\', '/').replace(/;[^/]*/g, ''));
}

it(`no path of ${size(200_000, 1_000_000).toLocaleString('en')} made of hostile ones leads outside`, () => {
  const dice = new Dice(20);
  const good = [
    '/v1/responses',
    '/v1/responses/resp_1/input_items?limit=2',
    '/v1/models/gpt-5',
    '/v1/conversations/c',
  ];
  const seeds = [...HOSTILE_PATHS.filter((path) => path.length < 200), ...good, ...good, ...good];
  const methods = ['GET', 'POST', 'DELETE', 'PATCH'];
  let accepted = 0;
  for (let i = 0; i < size(200_000, 1_000_000); i++) {
    const path = dice.mutated(seeds);
    let sent: string;
    try {
      sent = matchRoute(dice.of(methods), path).upstreamPath;
    } catch (error: unknown) {
      if (!(error instanceof ProxyError) || error.status < 400 || error.status > 499) throw error;
      continue;
    }
    accepted += 1;
    if (!INSIDE.test(sent.split('?')[0] ?? '') || !INSIDE.test(eager(sent)) || /[^\x21-\x7e]|#/.test(sent))
      expect.fail(`${JSON.stringify(path)} was sent as ${JSON.stringify(sent)}`);
  }
  // Otherwise nothing was tried.
  expect(accepted).toBeGreaterThan(1_000);
  note('S2', 'fuzzed paths', size(200_000, 1_000_000));
  note('S2', 'of them accepted, all inside', accepted);
}, 60_000);
