import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeUpstream } from '../support/fake-upstream.js';
import { History } from '../support/history.js';
import { LoadClient } from '../support/load-client.js';
import { postgres, stopPostgres } from '../support/postgres.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { key } from '../support/rig.js';
import { SocketClient } from '../support/socket-client.js';
import { parseSse } from '../support/sse.js';
import { until } from '../support/until.js';

const TOKEN = 'admin-token-for-revocation-0123456789';
/** Long enough to outlive every test here. */
const ENDLESS = 'plan:paced,n=100000,interval=50';

interface Made {
  readonly id: string;
  readonly key: string;
}

let upstream: FakeUpstream;
let here: ProxyProcess;
let there: ProxyProcess;
let client: LoadClient;
let history: History;

beforeAll(async () => {
  const database = await (await postgres()).createDatabase();
  const keys = [key('a')];
  upstream = await FakeUpstream.start({ keys, websocket: true });
  const env = { PROXY_DATABASE_URL: database, PROXY_ADMIN_TOKEN: TOKEN };
  here = await ProxyProcess.start({ upstream, keys: keys.map((k) => k.key), env });
  there = await ProxyProcess.start({ upstream, keys: keys.map((k) => k.key), env });
  client = new LoadClient(there.url);
  history = new History(there, database);
});
afterAll(async () => {
  client.close();
  await Promise.all([here.dispose(), there.dispose()]);
  await upstream.stop();
  await stopPostgres();
});

async function admin(method: string, path: string, body?: unknown): Promise<Made> {
  const response = await fetch(`${here.url}/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  expect(response.status).toBeLessThan(300);
  return (await response.json()) as Made;
}

const bearer = (made: Made) => ({ authorization: `Bearer ${made.key}` });
const streamWith = (headers: Record<string, string>, abortWhen = () => false) =>
  client.send({ headers, body: { model: ENDLESS, stream: true }, abortWhen });
const statusWith = async (headers: Record<string, string>) =>
  (await client.send({ headers, body: {} })).status;
const streaming = (n: number) =>
  until(
    () => upstream.ledger.creates.filter((a) => a.responseBytes > 0 && a.ended === 'open').length,
    (open) => open >= n,
    { what: `${n} running streams` },
  );
/** Slowly: an address with too many wrong keys hears 429. */
const known = (made: Made) =>
  until(
    () => statusWith(bearer(made)),
    (status) => status === 200,
    { everyMs: 500, what: 'the key on the other replica' },
  );

describe('a client key', () => {
  it('is wanted from the first on, and streams of callers without one go on', async () => {
    let over = false;
    const early = streamWith({}, () => over);
    await streaming(1);
    const made = await admin('POST', 'keys', { name: 'first' });
    await until(
      () => statusWith({}),
      (status) => status === 401,
      { what: 'a key wanted on the other replica' },
    );
    await known(made);
    const running = client.entries[0];
    const heard = running?.text.length ?? 0;
    await until(
      () => running?.text.length ?? 0,
      (length) => length > heard,
      { what: 'the stream going on' },
    );
    expect(running?.endedAt).toBeNull();
    over = true;
    await early;
  });

  it('opens nothing on another replica 5 s after it was revoked there, and what it has open ends', async () => {
    const made = await admin('POST', 'keys', { name: 'revoked' });
    const neighbour = await admin('POST', 'keys', { name: 'neighbour' });
    await known(made);
    await known(neighbour);
    const stream = streamWith(bearer(made));
    let over = false;
    const other = streamWith(bearer(neighbour), () => over);
    const idle = await SocketClient.open(there.url, bearer(made));
    const busy = await SocketClient.open(there.url, bearer(made));
    busy.create({ model: ENDLESS });
    await streaming(2);
    await until(() => busy.frames.length > 2, { what: 'a running response on the WebSocket' });

    const at = performance.now();
    await admin('DELETE', `keys/${made.id}`);
    await until(
      () => statusWith(bearer(made)),
      (status) => status === 401,
      { timeoutMs: 5_000, everyMs: 500, what: 'refusal' },
    );
    const refusedAfter = performance.now() - at;
    const ended = await stream;
    expect(await idle.untilClosed()).toEqual({ code: 1008, reason: 'This client key has been revoked' });
    expect((await busy.untilClosed()).code).toBe(1008);
    const endedAfter = performance.now() - at;
    expect(refusedAfter).toBeLessThan(5_000);
    expect(endedAfter).toBeLessThan(30_000);

    expect(parseSse(ended.text).at(-1)?.data).toMatchObject({
      type: 'error',
      code: 'unauthorized',
      message: expect.stringContaining('revoked'),
    });
    expect(ended.acknowledged).toBe(false);
    expect(busy.events.at(-1)).toMatchObject({ type: 'error', status: 401, error: { code: 'unauthorized' } });
    const row = await history.finished(ended.proxyRequestId);
    expect([row.state, row.error_code]).toEqual(['interrupted', 'unauthorized']);
    // What had come of it counts, though it told nothing: with its end, for whoever looks at the key.
    const told = `SELECT COALESCE(SUM("total_tokens"), 0) FROM "requests" WHERE "caller_id" = '${made.id}'`;
    const sql = `SELECT SUM("tokens") - (${told}) AS "charged" FROM "key_usage" WHERE "caller_id" = '${made.id}'`;
    const [counted] = await history.rows<{ charged: number | string }>(sql);
    expect(Number(counted?.charged)).toBeGreaterThan(0);
    expect(await statusWith(bearer(neighbour))).toBe(200);
    over = true;
    expect((await other).error).toBe('aborted by the client');
  });

  it('ends what it has open when it expires, though nobody changes anything', async () => {
    const made = await admin('POST', 'keys', { name: 'short', expires_at: Date.now() + 4_000 });
    await known(made);
    const socket = await SocketClient.open(there.url, bearer(made));
    const ended = await streamWith(bearer(made));
    expect(parseSse(ended.text).at(-1)?.data).toMatchObject({
      code: 'unauthorized',
      message: expect.stringContaining('expired'),
    });
    expect((await socket.untilClosed()).code).toBe(1008);
    expect(await statusWith(bearer(made))).toBe(401);
  });
});
