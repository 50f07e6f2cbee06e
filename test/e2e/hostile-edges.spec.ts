import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { Rig } from '../support/rig.js';
import { until } from '../support/until.js';

const JSON_TYPE = 'content-type: application/json';
const MB = 1024 * 1024;
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({ env: { PROXY_MAX_BUFFERED_BYTES: String(4 * MB) } });
});

afterAll(() => rig.stop());

const post = (body: object, path = '/v1/responses'): Buffer =>
  rawRequest('POST', path, [JSON_TYPE], JSON.stringify(body));

async function millionChunks(): Promise<void> {
  const raw = await RawClient.open(rig.proxy.port);
  raw.send(
    `POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\n${JSON_TYPE}\r\ntransfer-encoding: chunked\r\n\r\n`,
  );
  for (const c of '{"model":"m","input":"x"}') raw.send(`1\r\n${c}\r\n`);
  for (let n = 0; n < 100; n += 1) {
    raw.send('1\r\n \r\n'.repeat(10_000));
    if (raw.socket.writableLength > MB) await new Promise((resolve) => raw.socket.once('drain', resolve));
  }
  raw.send('0\r\n\r\n');
  await raw.untilText(/"object":"response"/, 20_000);
  raw.destroy();
}

describe('bodies', () => {
  it('of a million one-byte chunks cost about their own size', async () => {
    // The first one pays for what any first traffic makes a heap grow by.
    await millionChunks();
    const before = rig.proxy.rssMb();
    await millionChunks();
    expect(rig.proxy.rssMb() - before).toBeLessThan(80);
  }, 60_000);

  it('held by slow uploads are bounded in all: one more is told to come back', async () => {
    const slow: RawClient[] = [];
    for (let n = 0; n < 4; n += 1) {
      const raw = await RawClient.open(rig.proxy.port);
      raw.send(
        `POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\n${JSON_TYPE}\r\ncontent-length: ${2 * MB}\r\n\r\n{"input":"`,
      );
      raw.send('x'.repeat(MB + MB / 2));
      slow.push(raw);
    }
    await until(
      () => slow.filter((raw) => raw.status === 503).length,
      (n) => n >= 1,
      { what: 'a refusal' },
    );
    const refused = slow.find((raw) => raw.status === 503);
    expect(refused?.text).toContain('"code":"overloaded"');
    expect(refused?.text).toMatch(/retry-after: 1/i);
    for (const raw of slow) raw.destroy();
    await until(
      () => rig.client.send({ body: { input: 'x'.repeat(2 * MB) } }),
      (seen) => seen.status === 200,
      { what: 'room again' },
    );
  });
});

describe('an upstream that repeats our key', () => {
  it.each(['echo', 'echo_error', 'echo_error,status=422'])(
    'does not get it to the client or into the history (%s)',
    async (mode) => {
      const seen = await rig.client.send({ body: { model: `fault:${mode}`, input: 'x' } });
      const everything =
        seen.text +
        JSON.stringify(seen.headers) +
        (await rig.proxy.admin('/admin/requests?limit=5').then(JSON.stringify)) +
        (await rig.proxy.admin('/admin/state').then(JSON.stringify)) +
        rig.proxy.output;
      for (const { key } of rig.keys) expect(everything).not.toContain(key);
    },
  );
});

describe('an answer that is about the upstream, not the request', () => {
  it.each([
    ['fault:redirect,status=307,kb=400', 502, 'unexpected_redirect'],
    ['fault:redirect,status=302', 502, 'unexpected_redirect'],
  ])('is not shown however long it is (%s)', async (model, status, code) => {
    const seen = await rig.client.send({ body: { model, input: 'x' } });
    expect(seen.status).toBe(status);
    expect(seen.text).toContain(code);
    expect(seen.headers).not.toHaveProperty('location');
  });
});

describe('pipelined requests', () => {
  it('stop their upstream when the client leaves before their turn', async () => {
    const from = rig.upstream.ledger.creates.length;
    const raw = await RawClient.open(rig.proxy.port);
    raw.send(
      Buffer.concat([post({ model: 'fault:hang', input: '1' }), post({ model: 'fault:hang', input: '2' })]),
    );
    await until(
      () => rig.upstream.ledger.creates.length,
      (n) => n === from + 2,
    );
    const at = Date.now();
    raw.socket.resetAndDestroy();
    const arrivals = rig.upstream.ledger.creates.slice(from);
    await until(() => arrivals.every((a) => a.ended !== 'open'), Boolean, { what: 'both upstream closes' });
    for (const arrival of arrivals) expect((arrival.endedAt ?? 0) - at).toBeLessThanOrEqual(500);
    await rig.proxy.idle();
  });
});

describe('a caller on this machine', () => {
  it('that speaks HTTP/1.0 could be a reverse proxy, and is not trusted', async () => {
    const socket = connect(rig.proxy.port, '127.0.0.1');
    socket.write('GET /admin/state HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n');
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toMatch(/^HTTP\/1\.1 401/);
  });
});

describe('something stored that nobody here made', () => {
  it('is found on whichever key has it', async () => {
    const made = await fetch(`${rig.upstream.baseUrl}/responses`, {
      method: 'POST',
      headers: { authorization: `Bearer ${rig.keys[1]?.key}`, 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-5.5', input: 'x' }),
    }).then((answer) => answer.json() as Promise<{ id: string }>);
    for (let n = 0; n < 6; n += 1) {
      const found = await fetch(`${rig.proxy.url}/v1/responses/${made.id}`);
      expect(found.status).toBe(200);
    }
    expect((await fetch(`${rig.proxy.url}/v1/responses/resp_none`)).status).toBe(404);
  });
});
