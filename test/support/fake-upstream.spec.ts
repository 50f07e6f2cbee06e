import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeUpstream } from './fake-upstream.js';
import { LoadClient } from './load-client.js';
import { RawClient, rawRequest } from './raw-http.js';
import { parseSse } from './sse.js';
import { until } from './until.js';

const KEY = 'sk-fake-1';
const OTHER = 'sk-fake-2';
const auth = (key: string): Record<string, string> => ({ authorization: `Bearer ${key}` });

describe('the fake upstream', () => {
  let upstream: FakeUpstream;
  let client: LoadClient;

  beforeAll(async () => {
    upstream = await FakeUpstream.start({ keys: [KEY, OTHER] });
    client = new LoadClient(upstream.baseUrl.replace('/v1', ''));
  });

  afterAll(async () => {
    client.close();
    await upstream.stop();
  });

  it('answers JSON and SSE with the same ledger entry the client saw', async () => {
    for (const stream of [false, true]) {
      const seen = await client.send({ headers: auth(KEY), body: { stream } });
      const arrival = upstream.ledger.last();
      expect(seen).toMatchObject({ status: 200, acknowledged: true, error: null });
      expect(seen.responseId).toBe(arrival.responseId);
      expect(seen.usage).toEqual(arrival.usage);
      expect(arrival).toMatchObject({ key: KEY, bodyComplete: true, responseSha256: seen.sha256 });
      await until(
        () => arrival.ended,
        (ended) => ended === 'completed',
      );
    }
  });

  it('numbers events without gaps and ends with response.completed', async () => {
    const include = ['reasoning.encrypted_content'];
    const seen = await client.send({ headers: auth(KEY), body: { stream: true, include } });
    const events = parseSse(seen.text);
    expect(events.map((e) => e.data['sequence_number'])).toEqual(events.map((_, i) => i));
    expect(events.at(-1)?.type).toBe('response.completed');
  });

  it('refuses sealed reasoning of another organisation and continues its own', async () => {
    const include = ['reasoning.encrypted_content'];
    const first = await client.send({ headers: auth(KEY), body: { include } });
    const output = (JSON.parse(first.text) as { output: object[] }).output;
    const next = { input: [...output, { role: 'user', content: 'go on' }] };
    expect((await client.send({ headers: auth(KEY), body: next })).status).toBe(200);
    const refused = await client.send({ headers: auth(OTHER), body: next });
    expect(refused.status).toBe(400);
    expect(refused.text).toContain('invalid_encrypted_content');
  });

  it('knows a stored response only by its own key', async () => {
    const { responseId } = await client.send({ headers: auth(KEY), body: {} });
    const path = `/v1/responses/${responseId}`;
    expect((await client.send({ method: 'GET', path, headers: auth(KEY) })).status).toBe(200);
    expect((await client.send({ method: 'GET', path, headers: auth(OTHER) })).status).toBe(404);
    const foreign = await client.send({ headers: auth(OTHER), body: { previous_response_id: responseId } });
    expect(foreign.status).toBe(400);
    expect(foreign.text).toContain('previous_response_not_found');
  });

  it.each([
    ['fault:cut,after=3', true, 'cut'],
    ['fault:cut', false, 'cut'],
    ['fault:reset', true, 'ECONNRESET'],
    ['fault:garbage', true, 'HPE_INVALID_CONSTANT'],
    ['fault:eof', false, 'cut'],
    ['fault:eof', true, null],
  ])('breaks as told: %s (stream %s)', async (model, stream, error) => {
    const seen = await client.send({ headers: auth(KEY), body: { model, stream } });
    expect(seen.error).toBe(error);
    expect(upstream.ledger.last().fault).toBe(model.split(':')[1]?.split(',')[0]);
  });

  it('notes when the other side closes first', async () => {
    const sent = client.send({ headers: auth(KEY), body: { model: 'fault:hang' }, abortAfterMs: 50 });
    await sent;
    await until(
      () => upstream.ledger.last().ended,
      (ended) => ended === 'client_closed',
    );
  });

  it('answers 413 while the body is still coming', async () => {
    const raw = await RawClient.open(upstream.port);
    raw.send(
      rawRequest('POST', '/v1/responses', ['x-fake-fault: fault:early_413', 'content-length: 1000000'], '{'),
    );
    await raw.untilText(/413/);
    raw.destroy();
  });
});
