import { createHash, randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { Rig } from '../support/rig.js';
import { parseSse } from '../support/sse.js';
import { until } from '../support/until.js';
import { headerValues } from '../support/upstream-ledger.js';

const sha = (data: Buffer): string => createHash('sha256').update(data).digest('hex');
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});

afterAll(() => rig.stop());

/** A JSON object with everything that a parser would normalise: blanks, escapes, number forms, any bytes in a string. */
function awkwardBody(i: number): Buffer {
  const text = randomBytes(40 + i * 37)
    .toString('latin1')
    .replace(/["\\\u0000-\u001f]/g, '');
  const head = `${' '.repeat(i % 5)}{\r\n\t"model" :"gpt-5.5",  "n":[1.0,-0,1e400,1E+2,0.10],"esc":"\\u00e9\\ud800\\/\\u0000",`;
  const tail = `"text":"${text}"\t,"deep":${'['.repeat(i + 1)}${']'.repeat(i + 1)} , "input":"ж😀"}${'\n'.repeat(i % 3)}`;
  return Buffer.from(head + tail);
}

describe('bytes', () => {
  it('sends request bodies upstream exactly as they came', async () => {
    const bodies = Array.from({ length: 40 }, (_, i) => awkwardBody(i));
    bodies.push(
      Buffer.concat([
        Buffer.from('{"model":"gpt-5.5","input":"'),
        Buffer.from([0xc3, 0x28, 0xff, 0xfe]),
        Buffer.from('"}'),
      ]),
    );
    bodies.push(Buffer.from(JSON.stringify({ model: 'gpt-5.5', input: 'x'.repeat(3_000_000) })));
    for (const body of bodies) {
      const seen = await rig.client.send({ body, keepText: false });
      const arrival = rig.upstream.ledger.last();
      expect(seen.status, body.subarray(0, 80).toString()).toBe(200);
      expect(arrival.bodySha256).toBe(sha(body));
      expect(headerValues(arrival, 'content-length')).toEqual([String(body.length)]);
    }
  });

  it.each([
    ['JSON', { stream: false }],
    ['SSE', { stream: true }],
    ['SSE with CRLF', { stream: true, model: 'plan:crlf' }],
    ['a burst of 500 events', { stream: true, model: 'plan:burst,n=500' }],
    ['malformed SSE', { stream: true, model: 'fault:malformed' }],
    ['an unasked gzip body', { stream: false, model: 'fault:gzip' }],
    ['arbitrary bytes', { stream: false, model: 'fault:binary,n=70000' }],
    ['a wrong request that is answered 400', { stream: false, model: 'fault:400' }],
  ])('hands %s to the client exactly as it came', async (_, body) => {
    const seen = await rig.client.send({ body, keepText: false });
    const arrival = rig.upstream.ledger.last();
    expect(seen.sha256).toBe(arrival.responseSha256);
    expect(seen.status).toBe(arrival.status);
  });

  it('keeps the content coding of an answer it did not ask for', async () => {
    const seen = await rig.client.send({ body: { model: 'fault:gzip' } });
    expect(seen.headers['content-encoding']).toBe('gzip');
    expect(headerValues(rig.upstream.ledger.last(), 'accept-encoding').join()).not.toMatch(
      /gzip|br|deflate|zstd/,
    );
  });
});

describe('streaming', () => {
  it('hands each event on before the upstream sends the next', async () => {
    const body = JSON.stringify({ model: 'plan:stepped,n=6', stream: true, input: 'x' });
    const raw = await RawClient.open(rig.proxy.port);
    raw.send(rawRequest('POST', '/v1/responses', ['content-type: application/json'], body));
    const count = (): number => raw.text.split('\nevent: ').length - 1;
    await until(count, (n) => n === 1, { what: 'first event' });
    for (let expected = 2; expected <= 8; expected += 1) {
      rig.upstream.step();
      await until(count, (n) => n >= expected, { what: `event ${expected}` });
      expect(count()).toBe(expected);
    }
    expect(rig.upstream.ledger.last().ended).toBe('open');
    raw.destroy();
    await rig.proxy.idle();
  });

  it('lets the content type of the answer decide, not the request', async () => {
    const json = await rig.client.send({ body: { stream: true, model: 'plan:as_json' } });
    expect(json.headers['content-type']).toContain('application/json');
    const sse = await rig.client.send({ body: { stream: false, model: 'plan:as_sse' } });
    expect(sse.headers['content-type']).toContain('text/event-stream');
    for (const seen of [json, sse]) {
      const row = await rig.history.finished(seen.proxyRequestId);
      const usage = rig.upstream.ledger.arrivals.find((a) => a.responseId === row.response_id)?.usage;
      expect(row).toMatchObject({ state: 'completed', input_tokens: usage?.input_tokens });
    }
  });

  it('swallows informational answers and delivers the final one', async () => {
    const raw = await RawClient.open(rig.proxy.port);
    const body = JSON.stringify({ model: 'fault:info', input: 'x' });
    raw.send(rawRequest('POST', '/v1/responses', ['content-type: application/json'], body));
    await raw.untilText(/"usage"/);
    expect(raw.status).toBe(200);
    expect(raw.text).not.toMatch(/HTTP\/1\.1 1\d\d/);
    raw.destroy();
  });

  it('numbers events as the upstream did', async () => {
    const seen = await rig.client.send({ body: { stream: true, model: 'plan:paced,n=5,interval=5' } });
    expect(parseSse(seen.text).map((e) => e.data['sequence_number'])).toEqual([...Array(13).keys()]);
  });
});

describe('headers', () => {
  const sent: Readonly<Record<string, string>> = {
    authorization: 'Bearer the-clients-own-key',
    cookie: 'a=b',
    'openai-organization': 'org-client',
    'openai-project': 'proj-client',
    'x-proxy-session-name': 'my name',
    connection: 'keep-alive, x-hop',
    'x-hop': 'named in connection',
    te: 'trailers',
    'user-agent': 'codex_exec/0.169.0',
    originator: 'codex_exec',
    'session-id': 'sess-headers',
    'thread-id': 'thread-headers',
    'x-codex-window-id': 'sess-headers:0',
    'x-codex-turn-metadata': '{"a":1}',
    'x-codex-beta-features': 'remote_compaction_v2',
    'openai-beta': 'responses_multi_agent=v1',
    'x-client-request-id': 'abc',
    'x-stainless-retry-count': '0',
    accept: 'text/event-stream',
  };

  it('replaces the credential, drops what must not leave and passes what clients and upstreams say to each other', async () => {
    const headers = sent;
    const seen = await rig.client.send({ path: '/v1/responses?beta=true', headers, body: { stream: true } });
    expect(seen.status).toBe(200);
    const arrival = rig.upstream.ledger.last();
    expect(arrival.path).toBe('/v1/responses?beta=true');
    expect(headerValues(arrival, 'authorization')).toEqual([`Bearer ${arrival.key}`]);
    expect(rig.keys.map((k) => k.key)).toContain(arrival.key);
    const names = arrival.rawHeaders.filter((_, i) => i % 2 === 0).map((n) => n.toLowerCase());
    for (const name of [
      'cookie',
      'openai-organization',
      'openai-project',
      'x-hop',
      'te',
      'x-proxy-session-name',
    ])
      expect(names).not.toContain(name);
    for (const name of Object.keys(headers).filter((n) =>
      /^(x-codex|session|thread|orig|user-|openai-beta|x-stain|x-client|accept)/.test(n),
    ))
      expect(headerValues(arrival, name), name).toEqual([sent[name]]);
    expect(JSON.stringify(arrival.rawHeaders)).not.toContain('the-clients-own-key');
  });

  it('passes what clients read, drops what is not for them and adds its own three', async () => {
    rig.upstream.extraHeaders = {
      'set-cookie': 'cf=1',
      'alt-svc': 'h3=":443"',
      'cf-ray': 'abc-FRA',
      'openai-model': 'gpt-5.5',
      'x-models-etag': 'W/"1"',
      'x-codex-primary-used-percent': '12',
    };
    const seen = await rig.client.send({ headers: { 'session-id': 'sess-answer' }, body: {} });
    rig.upstream.extraHeaders = {};
    for (const name of ['set-cookie', 'alt-svc']) expect(seen.headers).not.toHaveProperty(name);
    for (const name of [
      'x-request-id',
      'openai-organization',
      'openai-processing-ms',
      'cf-ray',
      'openai-model',
      'x-models-etag',
    ])
      expect(seen.headers).toHaveProperty(name);
    for (const name of ['x-codex-turn-state', 'x-codex-primary-used-percent', 'x-ratelimit-remaining-tokens'])
      expect(seen.headers).toHaveProperty(name);
    expect(seen.headers['x-proxy-request-id']).toMatch(/^req_[0-9a-f]{32}$/);
    expect(seen.headers['x-proxy-resource-id']).toMatch(/^openai-[12]$/);
    expect(seen.headers['x-proxy-reason']).toMatch(/^[a-z_]+$/);
  });

  it('never lets a key come back, even when the upstream echoes it', async () => {
    const seen = await rig.client.send({ body: { model: 'fault:echo' } });
    expect(JSON.stringify(seen.headers)).not.toContain('sk-test-');
    expect(rig.proxy.output).not.toContain('sk-test-');
  });
});
