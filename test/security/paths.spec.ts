import { posix } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ProxyError } from '../../src/common/errors.js';
import { matchRoute } from '../../src/proxy/route-grammar.js';
import { askRaw } from '../support/raw-ask.js';
import { rawRequest } from '../support/raw-http.js';
import { size } from '../support/release.js';
import { SocketRig, UPGRADE } from '../support/socket-rig.js';
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
    expect(HOSTILE_PATHS.length).toBeGreaterThanOrEqual(48);
    expect(ws.rig.upstream.ledger.traffic.map(({ path }) => path)).toEqual([]);
    expect(ws.up.upgrades.length).toBe(0);
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
}, 60_000);
