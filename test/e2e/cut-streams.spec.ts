import OpenAI from 'openai';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Rig, inPool } from '../support/rig.js';

let rig: Rig;
let pool = 0;

beforeAll(async () => {
  rig = await Rig.pooled(16, 1, { env: { PROXY_IDLE_TIMEOUT_SECONDS: '1' } });
});

afterAll(() => rig.stop());
afterEach(() => rig.proxy.idle());

describe('an answer the upstream breaks off', () => {
  it.each([
    ['reset', 'fault:cut,after=4', true],
    ['reset', 'fault:cut', false],
    ['closed too early', 'fault:eof', false],
    ['stalled', 'fault:stall,after=4', true],
    ['stalled', 'fault:stall', false],
  ])(
    '%s (%s, stream %s) reaches the client as a broken connection with what there was',
    async (_, model, stream) => {
      const seen = await rig.client.send({ headers: inPool(`p${pool++}`), body: { model, stream } });
      const arrival = rig.upstream.ledger.last();
      expect(seen).toMatchObject({ status: 200, error: 'cut', acknowledged: false });
      const row = await rig.history.finished(seen.proxyRequestId);
      expect(row.state).toBe(model.includes('stall') ? 'timeout' : 'upstream_error');
      expect(row.total_tokens).toBeNull();
      expect(arrival.bodyComplete).toBe(true);
    },
  );

  it('keeps every byte that came before the break', async () => {
    const seen = await rig.client.send({
      headers: inPool(`p${pool++}`),
      body: { model: 'fault:cut,after=4', stream: true },
    });
    expect(seen.text.split('event: ').length - 1).toBe(4);
    expect(seen.text).not.toContain('event: error');
  });

  it('makes the SDK throw instead of ending quietly', async () => {
    const openai = new OpenAI({
      apiKey: 'x',
      baseURL: rig.proxy.v1,
      maxRetries: 0,
      defaultHeaders: inPool(`p${pool++}`),
    });
    const stream = await openai.responses.create({ model: 'fault:cut,after=4', input: 'x', stream: true });
    const read = async (): Promise<void> => {
      for await (const _ of stream);
    };
    await expect(read()).rejects.toThrow();
  });

  it('passes a clean end without a terminal event on as it is, and does not call it completed', async () => {
    const seen = await rig.client.send({
      headers: inPool(`p${pool++}`),
      body: { model: 'fault:eof,after=4', stream: true },
    });
    expect(seen).toMatchObject({ error: null, acknowledged: false });
    const row = await rig.history.finished(seen.proxyRequestId);
    expect([row.state, row.error_code]).toEqual(['incomplete', 'incomplete_stream']);
    expect(row.error_code).not.toBeNull();
  });

  it.each([
    ['cut', 'fault:cut,after=4', true],
    ['cut in a JSON body', 'fault:cut', false],
    ['ended without a terminal event', 'fault:eof,after=4', true],
  ])('counts once against its key: the fifth in a row that is %s puts it aside', async (_, model, stream) => {
    const name = `p${pool++}`;
    const at = rig.keys.findIndex(({ key }) => rig.keysOf(name).includes(key));
    const reasons: unknown[] = [];
    for (let n = 0; n < 5; n += 1) {
      const seen = await rig.client.send({ headers: inPool(name), body: { model, stream } });
      await rig.history.finished(seen.proxyRequestId);
      const { resources } = await rig.proxy.state();
      reasons.push((resources[at]?.['health'] as { reason: string } | undefined)?.reason);
    }
    expect(reasons.slice(0, 4)).not.toContain('server_errors');
    expect(reasons[4]).toBe('server_errors');
  });

  it.each([
    ['fault:failed', 'failed'],
    ['fault:error_event', 'failed'],
    ['fault:incomplete', 'incomplete'],
  ])('%s inside a 200 is passed on and recorded as %s', async (model, state) => {
    const seen = await rig.client.send({ headers: inPool(`p${pool++}`), body: { model, stream: true } });
    expect(seen.sha256).toBe(rig.upstream.ledger.last().responseSha256);
    expect((await rig.history.finished(seen.proxyRequestId)).state).toBe(state);
  });
});
