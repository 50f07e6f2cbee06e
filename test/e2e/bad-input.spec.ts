import { createHash } from 'node:crypto';
import { connect } from 'node:net';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { askRaw, type RawAnswer } from '../support/raw-ask.js';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { Rig } from '../support/rig.js';
import { until } from '../support/until.js';

const JSON_TYPE = 'content-type: application/json';
const FINE = JSON.stringify({ model: 'gpt-5.5', input: 'x' });
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({
    env: {
      PROXY_MAX_BODY_BYTES: '1000000',
      PROXY_HEADERS_TIMEOUT_SECONDS: '1',
      PROXY_BODY_IDLE_TIMEOUT_SECONDS: '1',
      PROXY_BODY_TIMEOUT_SECONDS: '2',
    },
  });
});

afterAll(() => rig.stop());

// Whatever was thrown at it: nothing leaks, and the next caller is served.
afterEach(async () => {
  await rig.proxy.idle();
  expect((await rig.client.send({ body: {} })).status).toBe(200);
  expect(rig.proxy.output).not.toMatch(/unhandled/i);
});

type Answer = RawAnswer & { readonly arrivals: number };

async function exchange(data: Buffer | string, timeoutMs = 8_000): Promise<Answer> {
  const before = rig.upstream.ledger.traffic.length;
  const answer = await askRaw(rig.proxy.port, data, timeoutMs);
  return { ...answer, arrivals: rig.upstream.ledger.traffic.length - before };
}

const post = (body: string | Buffer, headers: readonly string[] = [JSON_TYPE]): Promise<Answer> =>
  exchange(rawRequest('POST', '/v1/responses', headers, body));

describe('bodies that are not one JSON object', () => {
  it.each([
    ['empty', '', 'invalid_json'],
    ['blank', '   \n', 'invalid_json'],
    ['an array', '[]', 'invalid_json'],
    ['a string', '"x"', 'invalid_json'],
    ['null', 'null', 'invalid_json'],
    ['truncated', '{"model":"gpt-5.5","input":"x', 'invalid_json'],
    ['unbalanced', '{"model":"gpt-5.5","input":[{}}', 'invalid_json'],
    ['two documents', '{"model":"a"}{"model":"b"}', 'invalid_json'],
    ['plain text', 'hello', 'invalid_json'],
    ['10,000 levels deep', `{"input":${'['.repeat(10_000)}${']'.repeat(10_000)}}`, 'invalid_json'],
    ['900,000 levels deep, and never closed', `{"input":${'['.repeat(900_000)}`, 'invalid_json'],
    ['a byte order mark before it', '\ufeff{"model":"gpt-5.5","input":"x"}', 'invalid_json'],
    ['half a character in a routing field', '{"model":"\\ud800"}', 'invalid_field'],
    ['a NUL in a routing field', '{"prompt_cache_key":"a\\u0000b"}', 'invalid_field'],
    ['a duplicate routing field', '{"model":"a","model":"b"}', 'duplicate_key'],
    ['a duplicate hidden by an escape', '{"model":"a","\\u006dodel":"b"}', 'duplicate_key'],
    [
      'a duplicate previous_response_id',
      '{"previous_response_id":"a","previous_response_id":"b"}',
      'duplicate_key',
    ],
    ['a model that is a number', '{"model":5}', 'invalid_field'],
    ['a previous_response_id that is an object', '{"previous_response_id":{}}', 'invalid_field'],
    [
      'a prompt_cache_key of 2,000 characters',
      `{"prompt_cache_key":"${'k'.repeat(2_000)}"}`,
      'invalid_field',
    ],
  ])('%s: 400 and nothing upstream', async (_, body, code) => {
    const started = performance.now();
    const answer = await post(body);
    expect(answer.status, answer.text).toBe(400);
    expect(answer.text).toContain(code);
    expect(answer.text).toMatch(/"error":\{"message":"[^"]/);
    expect(answer.arrivals).toBe(0);
    expect(performance.now() - started).toBeLessThan(500);
  });

  it('invalid UTF-8 in a routing field is refused', async () => {
    const body = Buffer.concat([
      Buffer.from('{"model":"'),
      Buffer.from([0xff, 0xfe, 0xc3]),
      Buffer.from('"}'),
    ]);
    expect(await post(body)).toMatchObject({ status: 400, arrivals: 0 });
  });

  it.each([
    ['a syntax error deep inside', '{"model":"gpt-5.5","input":"x","reasoning":{"a":tru}}', 400],
    [
      '__proto__ keys',
      '{"model":"gpt-5.5","__proto__":{"x":1},"metadata":{"__proto__":"a"},"input":"x"}',
      200,
    ],
    ['NUL and half a character', '{"model":"gpt-5.5","input":"a\\u0000b\\ud800c"}', 200],
    ['an unknown field twice', '{"model":"gpt-5.5","zzz":1,"zzz":2,"input":"x"}', 200],
  ])('%s is the upstream’s to judge', async (_, body, status) => {
    const answer = await post(body);
    expect(answer.status).toBe(status);
    expect(answer.arrivals).toBe(1);
    const sent = rig.upstream.ledger.last().bodySha256;
    expect(sent).toBe(createHash('sha256').update(body).digest('hex'));
  });
});

describe('media types and codings', () => {
  it.each([
    ['multipart', 'multipart/form-data; boundary=x'],
    ['text', 'text/plain'],
    ['a form', 'application/x-www-form-urlencoded'],
  ])('%s is 415', async (_, type) => {
    expect(await post(FINE, [`content-type: ${type}`])).toMatchObject({ status: 415, arrivals: 0 });
  });

  it('no content type at all is 415', async () => {
    expect(await post(FINE, [])).toMatchObject({ status: 415, arrivals: 0 });
  });

  it.each([
    ['gzip', gzipSync(Buffer.alloc(200_000_000 / 100, '{'))],
    ['br', brotliCompressSync(Buffer.alloc(2_000_000, ' '))],
    ['zstd', Buffer.from('(\xb5/\xfd', 'latin1')],
    ['nonsense', Buffer.from(FINE)],
  ])('a %s body is decoded and judged, or 413/415, never more', async (coding, body) => {
    const answer = await post(body, [JSON_TYPE, `content-encoding: ${coding}`]);
    expect([400, 413, 415]).toContain(answer.status);
    expect(answer.arrivals).toBe(0);
  });
});

describe('sizes and times', () => {
  it('a declared length over the limit is 413 before the body comes', async () => {
    const head = rawRequest('POST', '/v1/responses', [JSON_TYPE, 'content-length: 2000000']);
    expect(await exchange(head)).toMatchObject({ status: 413, arrivals: 0 });
  });

  it('a chunked body over the limit is 413 and the connection closes', async () => {
    const raw = await RawClient.open(rig.proxy.port);
    raw.send(rawRequest('POST', '/v1/responses', [JSON_TYPE, 'transfer-encoding: chunked']));
    for (let i = 0; i < 40; i += 1) raw.send(`8000\r\n${'x'.repeat(0x8000)}\r\n`);
    await raw.untilText(/413/);
    await raw.untilClosed();
    raw.destroy();
  });

  it('a refusal is read also by a client that looks for it only when it has sent everything', async () => {
    const sent = new Promise<string>((resolve, reject) => {
      const socket = connect(rig.proxy.port, '127.0.0.1');
      let text = '';
      socket.on('error', reject).once('close', () => resolve(text));
      socket.write(rawRequest('POST', '/v1/responses', [JSON_TYPE, 'content-length: 6000000'], ''));
      socket.write(Buffer.alloc(6_000_000, 0x20), () => {
        socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
      });
    });
    expect(await sent).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('a head that never ends is closed in time', async () => {
    const started = performance.now();
    const answer = await exchange('POST /v1/responses HTTP/1.1\r\nhost: 127.0.0.1\r\nx-slow: ', 12_000);
    expect([null, 408]).toContain(answer.status);
    expect(performance.now() - started).toBeLessThan(8_000);
  }, 15_000);

  it('a body that stops coming is 408 and holds no key meanwhile', async () => {
    const raw = await RawClient.open(rig.proxy.port);
    raw.send(rawRequest('POST', '/v1/responses', [JSON_TYPE, 'content-length: 500'], '{"model":"gpt-5.5",'));
    expect((await rig.proxy.state()).in_flight).toBe(0);
    await raw.untilText(/^HTTP\/1\.1 408/);
    expect(raw.text).toContain('body_timeout');
    raw.destroy();
  });

  it('a body that comes drop by drop is 408 when its time is over, however alive it looks', async () => {
    const raw = await RawClient.open(rig.proxy.port);
    raw.send(rawRequest('POST', '/v1/responses', [JSON_TYPE, 'content-length: 500'], '{"model":"gpt-5.5",'));
    const before = rig.upstream.ledger.traffic.length;
    const drops = setInterval(() => raw.send(' '), 200);
    await raw.untilText(/^HTTP\/1\.1 408/).finally(() => clearInterval(drops));
    expect(raw.text).toContain('PROXY_BODY_TIMEOUT_SECONDS');
    expect(raw.text).toMatch(/x-should-retry: false/i);
    expect(rig.upstream.ledger.traffic.length).toBe(before);
    raw.destroy();
  });

  it('more than 200 header fields are 431', async () => {
    const many = Array.from({ length: 250 }, (_, i) => `x-h-${i}: v`);
    expect(await post(FINE, [JSON_TYPE, ...many])).toMatchObject({ status: 431, arrivals: 0 });
  });

  it('a head over the byte limit is 431', async () => {
    expect(await post(FINE, [JSON_TYPE, `x-big: ${'h'.repeat(100_000)}`])).toMatchObject({
      status: 431,
      arrivals: 0,
    });
  });

  it('a 32 kB header passes: Codex metadata grows', async () => {
    const answer = await post(FINE, [JSON_TYPE, `x-codex-turn-metadata: {"a":"${'m'.repeat(32_000)}"}`]);
    expect(answer).toMatchObject({ status: 200, arrivals: 1 });
  });
});

describe('framing', () => {
  it.each([
    ['two Authorization headers', ['authorization: Bearer a', 'authorization: Bearer b', JSON_TYPE]],
    ['two Content-Type headers', [JSON_TYPE, 'content-type: text/plain']],
    ['two Content-Length headers', [JSON_TYPE, `content-length: ${FINE.length}`, 'content-length: 5']],
    [
      'Content-Length and Transfer-Encoding',
      [JSON_TYPE, `content-length: ${FINE.length}`, 'transfer-encoding: chunked'],
    ],
    ['a bad Transfer-Encoding', [JSON_TYPE, 'transfer-encoding: xchunked']],
    ['a negative Content-Length', [JSON_TYPE, 'content-length: -5']],
    ['a space before the colon', [JSON_TYPE, 'x-a : b']],
    ['two Host headers', ['host: 127.0.0.1', 'host: other', JSON_TYPE]],
  ])('%s: refused, nothing upstream', async (_, headers) => {
    const answer = await post(FINE, headers);
    expect(answer.status).toBe(400);
    expect(answer.text).toMatch(/x-should-retry: false/i);
    expect(answer.arrivals).toBe(0);
  });

  it('pipelined requests are answered in order or not at all, never mixed', async () => {
    const raw = await RawClient.open(rig.proxy.port);
    const one = (n: number): Buffer =>
      rawRequest(
        'POST',
        '/v1/responses',
        [JSON_TYPE],
        JSON.stringify({ model: 'gpt-5.5', input: `pipelined-${n}-` }),
      );
    raw.send(Buffer.concat([one(1), one(2), one(3)]));
    await until(() => raw.closed || raw.ended || /pipelined-3-/.test(raw.text), Boolean);
    const order = [...raw.text.matchAll(/you said pipelined-(\d)-/g)].map((m) => m[1]);
    expect(order).toEqual(['1', '2', '3'].slice(0, order.length));
    raw.destroy();
  });

  it('Expect: 100-continue is answered only when the head is acceptable', async () => {
    const raw = await RawClient.open(rig.proxy.port);
    const head = ['expect: 100-continue', JSON_TYPE, `content-length: ${FINE.length}`];
    raw.send(rawRequest('POST', '/v1/responses', head));
    await raw.untilText(/100 Continue/);
    raw.send(FINE);
    await raw.untilText(/200 OK/);
    raw.destroy();
    const tooLarge = ['expect: 100-continue', JSON_TYPE, 'content-length: 99000000'];
    const refused = await exchange(rawRequest('POST', '/v1/responses', tooLarge));
    expect(refused.status).toBe(413);
  });

  it('an upgrade to WebSocket is 426, so that clients fall back to HTTP', async () => {
    const ws = [
      'connection: Upgrade',
      'upgrade: websocket',
      'sec-websocket-version: 13',
      'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
    ];
    const answer = await exchange(rawRequest('GET', '/v1/responses', ws));
    expect(answer.status).toBe(426);
    expect(answer.text).toContain('upgrade_required');
  });

  it.each([
    ['PUT', '/v1/responses'],
    ['TRACE', '/v1/responses'],
    ['DELETE', '/v1/responses'],
  ])('%s %s is 404 or 405', async (method, path) => {
    const answer = await exchange(rawRequest(method, path, []));
    expect([404, 405]).toContain(answer.status);
    expect(answer.arrivals).toBe(0);
  });

  it('something that is not HTTP gets a 400 or a close', async () => {
    expect([400, null]).toContain((await exchange('\x16\x03\x01\x02\x00\x01\x00\r\n\r\n')).status);
  });
});

describe('load and patience', () => {
  it('300 slow heads do not keep others from being served', async () => {
    const slow = await Promise.all(Array.from({ length: 300 }, () => RawClient.open(rig.proxy.port)));
    for (const raw of slow) raw.send('POST /v1/responses HTTP/1.1\r\nx: ');
    const started = performance.now();
    expect((await rig.client.send({ body: {} })).status).toBe(200);
    expect(performance.now() - started).toBeLessThan(1_500);
    for (const raw of slow) raw.destroy();
  });
});
