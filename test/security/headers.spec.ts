import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { askRaw } from '../support/raw-ask.js';
import { rawRequest } from '../support/raw-http.js';
import { demand, note, size } from '../support/release.js';
import { SocketRig, UPGRADE } from '../support/socket-rig.js';
import { until } from '../support/until.js';
import { headerValues } from '../support/upstream-ledger.js';
import { Dice } from './dice.js';

const TOKEN = 'admin-token-for-headers-0123456789';
const BODY = JSON.stringify({ model: 'gpt-5.5', input: 'x' });
const TYPE = 'content-type: application/json';
/** Stands in every value that must not go upstream. */
const MARK = 'smuggled-value';

/** Beside the caller's own, right credential: what it is, the lines, and whether the request is refused as ambiguous. */
const REQUESTS: readonly (readonly [string, readonly string[], 'served' | 'refused'])[] = [
  ['a second Authorization', [`authorization: Bearer ${MARK}`], 'refused'],
  ['a second Authorization in capitals', [`AUTHORIZATION: Bearer ${MARK}`], 'refused'],
  ['an empty second Authorization', ['authorization:'], 'refused'],
  ['a Proxy-Authorization', [`proxy-authorization: Bearer ${MARK}`], 'served'],
  ['an api-key', [`api-key: ${MARK}`], 'served'],
  ['an x-api-key', [`x-api-key: ${MARK}`], 'served'],
  ['a key in the family of Codex', [`x-codex-api-key: ${MARK}`], 'served'],
  ['an authorization in the family of OpenAI', [`x-openai-actor-authorization: ${MARK}`], 'served'],
  ['a token in the family of OAI', [`x-oai-session-token: ${MARK}`], 'served'],
  ['an underscore for a hyphen', [`x_api_key: ${MARK}`, `proxy_authorization: ${MARK}`], 'served'],
  ['a cookie', [`cookie: session=${MARK}`], 'served'],
  ['two cookies', [`cookie: a=${MARK}`, `cookie2: b=${MARK}`], 'served'],
  ['an organisation', [`openai-organization: ${MARK}`], 'served'],
  ['a project', [`OpenAI-Project: ${MARK}`], 'served'],
  ['Connection that names authorization', ['connection: keep-alive, authorization'], 'served'],
  ['Connection that names its own victim', ['connection: x-codex-w', `x-codex-w: ${MARK}`], 'served'],
  [
    'Connection in two fields',
    ['connection: close', 'connection: x-codex-w', `x-codex-w: ${MARK}`],
    'served',
  ],
  ['TE and Trailer', [`te: trailers, ${MARK}`, `trailer: ${MARK}`], 'served'],
  ['Keep-Alive and Proxy-Connection', [`keep-alive: ${MARK}`, `proxy-connection: ${MARK}`], 'served'],
  ['a forwarded address', [`x-forwarded-for: ${MARK}`, `forwarded: for=${MARK}`], 'served'],
  ['a forwarded host', [`x-forwarded-host: ${MARK}`, `x-forwarded-proto: ${MARK}`], 'served'],
  ['a real address', [`x-real-ip: ${MARK}`, `true-client-ip: ${MARK}`, `via: 1.1 ${MARK}`], 'served'],
  ['another Host', [`host: ${MARK}`], 'refused'],
  ['an Origin and a Referer', [`referer: http://${MARK}/`, `x-origin: ${MARK}`], 'served'],
  ['a rewritten path', [`x-original-url: /${MARK}`, `x-rewrite-url: /${MARK}`], 'served'],
  ['another method', [`x-http-method-override: ${MARK}`, `x-method-override: ${MARK}`], 'served'],
  ['our own', [`x-proxy-request-id: ${MARK}`, `x-proxy-resource-id: ${MARK}`], 'served'],
  ['baggage', [`baggage: a=${MARK}`, `x-b3-traceid: ${MARK}`, `x-amzn-trace-id: ${MARK}`], 'served'],
  ['a name out of the prototype', [`__proto__: ${MARK}`, `constructor: ${MARK}`], 'served'],
  ['a name of 200 characters in a family', [`x-codex-${'a'.repeat(200)}: ${MARK}`], 'served'],
  ['a line folded into another', [`x-fold: a\r\n authorization: Bearer ${MARK}`], 'refused'],
  ['a bare carriage return', [`user-agent: a\rauthorization: Bearer ${MARK}`], 'refused'],
  ['a NUL in a value', [`user-agent: a\0${MARK}`], 'refused'],
  ['a range and a condition', [`range: bytes=0-1${MARK}`, `if-none-match: "${MARK}"`], 'served'],
];

/** What an upstream might say about itself that must not stand under this address. */
const ANSWERS: readonly (readonly [string, string])[] = [
  ['set-cookie', `session=${MARK}; Path=/; HttpOnly`],
  ['Set-Cookie2', `session=${MARK}`],
  ['Alt-Svc', `h3="${MARK}:443"`],
  ['Strict-Transport-Security', `max-age=1; ${MARK}`],
  ['Access-Control-Allow-Origin', `https://${MARK}`],
  ['Access-Control-Allow-Credentials', MARK],
  ['Clear-Site-Data', `"${MARK}"`],
  ['Link', `<https://${MARK}/>; rel=preload`],
  ['Location', `https://${MARK}/`],
  ['Refresh', `0; url=https://${MARK}/`],
  ['Content-Security-Policy', `default-src ${MARK}`],
  ['Service-Worker-Allowed', `/${MARK}`],
  ['Report-To', `{"${MARK}":1}`],
  ['X-Proxy-Resource-Id', MARK],
  ['Proxy-Authenticate', `Basic realm=${MARK}`],
];

describe('headers', () => {
  let ws: SocketRig;
  let key = '';
  beforeAll(async () => {
    ws = await SocketRig.start({ env: { PROXY_ADMIN_TOKEN: TOKEN } });
    const made = await fetch(`${ws.proxy.url}/admin/keys`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'headers' }),
    });
    key = ((await made.json()) as { key: string }).key;
  });
  afterAll(() => ws.stop());
  beforeEach(() => {
    ws.rig.upstream.ledger.clear();
    ws.up.upgrades.length = 0;
  });

  /** What is wrong with headers as the upstream saw them. */
  const faults = (raw: readonly string[], used: string | null): string[] => {
    const wrong: string[] = [];
    const authorization = headerValues({ rawHeaders: raw } as never, 'authorization');
    if (JSON.stringify(authorization) !== JSON.stringify([`Bearer ${used}`]))
      wrong.push(`authorization ${JSON.stringify(authorization)}`);
    if (!ws.rig.keys.some((one) => one.key === used)) wrong.push(`not a key of ours: ${used}`);
    const text = raw.join('\n');
    for (const secret of [key, TOKEN, MARK, 'rpx_']) if (text.includes(secret)) wrong.push(`tells ${secret}`);
    return wrong;
  };

  it(`of ${REQUESTS.length} hostile requests: one Authorization upstream, the chosen key's; over HTTP and Upgrade`, async () => {
    const wrong: string[] = [];
    for (const [what, lines, end] of REQUESTS) {
      const own = [`authorization: Bearer ${key}`];
      const [http, upgrade] = await Promise.all([
        askRaw(
          ws.proxy.port,
          rawRequest('POST', '/v1/responses', ['host: 127.0.0.1', ...own, TYPE, ...lines], BODY),
        ),
        askRaw(
          ws.proxy.port,
          rawRequest('GET', '/v1/responses', ['host: 127.0.0.1', ...own, ...UPGRADE, ...lines]),
        ),
      ]);
      const expected = end === 'served' ? [200, 101] : [400, 400];
      if (http.status !== expected[0] || upgrade.status !== expected[1])
        wrong.push(`${what}: ${http.status} and ${upgrade.status}`);
      const { traffic } = ws.rig.upstream.ledger;
      const count = end === 'served' ? 1 : 0;
      if (traffic.length !== count || ws.up.upgrades.length !== count) wrong.push(`${what}: arrivals`);
      for (const arrival of traffic) wrong.push(...faults(arrival.rawHeaders, arrival.key));
      for (const { req, key: used } of ws.up.upgrades) wrong.push(...faults(req.rawHeaders, used));
      ws.rig.upstream.ledger.clear();
      ws.up.upgrades.length = 0;
    }
    expect(wrong).toEqual([]);
    demand('S5', 'hostile requests, over HTTP and upgrade', REQUESTS.length, { atLeast: 28 });
  });

  it(`of ${size(1_000, 10_000).toLocaleString('en')} requests with any of them mixed: always the same`, async () => {
    const dice = new Dice(5);
    const lines = REQUESTS.filter(([, , end]) => end === 'served').flatMap(([, all]) => all);
    const total = size(1_000, 10_000);
    await ws.rig.client.run(total, 16, () => {
      const headers: Record<string, string> = { authorization: `Bearer ${key}` };
      for (let n = dice.below(6); n > 0; n--) {
        const [name = '', value = ''] = dice.of(lines).split(/: ?(.*)/);
        if (!/^(connection|trailer|x-codex-w)$/i.test(name)) headers[name] = value;
      }
      return { headers, body: { store: false }, keepText: false };
    });
    const { creates } = ws.rig.upstream.ledger;
    expect(creates.length).toBe(total);
    const wrong = creates.filter((one) => faults(one.rawHeaders, one.key).length > 0);
    expect([...new Set(wrong.flatMap((one) => faults(one.rawHeaders, one.key)))]).toEqual([]);
    demand('S5', `arrivals of ${total} with another Authorization or a client's key`, wrong.length, {
      exactly: 0,
    });
    expect(ws.rig.client.entries.every(({ status }) => status === 200)).toBe(true);
  }, 120_000);

  it(`of ${ANSWERS.length} answers that speak for another site: none passes, no cookie over HTTP or Upgrade`, async () => {
    const wrong: string[] = [];
    for (const [name, value] of ANSWERS) {
      ws.rig.upstream.extraHeaders = { [name]: value, 'x-request-id': 'req_kept' };
      ws.up.acceptHeaders = { [name]: value };
      const [http, upgrade] = await Promise.all([
        askRaw(
          ws.proxy.port,
          rawRequest('POST', '/v1/responses', [`authorization: Bearer ${key}`, TYPE], BODY),
        ),
        askRaw(
          ws.proxy.port,
          rawRequest('GET', '/v1/responses', [`authorization: Bearer ${key}`, ...UPGRADE]),
        ),
      ]);
      if (http.status !== 200 || upgrade.status !== 101)
        wrong.push(`${name}: ${http.status}, ${upgrade.status}`);
      if (!http.text.includes('req_kept')) wrong.push(`${name}: x-request-id lost`);
      for (const { text } of [http, upgrade]) if (text.includes(MARK)) wrong.push(`${name} passed`);
    }
    ws.rig.upstream.extraHeaders = {};
    ws.up.acceptHeaders = {};
    expect(wrong).toEqual([]);
    note('S5', 'hostile answers, over HTTP and upgrade', ANSWERS.length);
    await until(() => ws.up.connections.every(({ closed }) => closed !== null), { what: 'sockets closed' });
  });
});
