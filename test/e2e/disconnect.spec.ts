import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { demand, quantile, size, within } from '../support/release.js';
import type { RequestRow } from '../support/history.js';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { inPool, Rig } from '../support/rig.js';
import { until } from '../support/until.js';
import type { Arrival } from '../support/upstream-ledger.js';

const JSON_TYPE = 'content-type: application/json';
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});

afterAll(() => rig.stop());
afterEach(() => rig.proxy.idle());

const post = (body: object): Buffer => rawRequest('POST', '/v1/responses', [JSON_TYPE], JSON.stringify(body));

async function arrived(count: number): Promise<Arrival> {
  await until(
    () => rig.upstream.ledger.creates.length,
    (n) => n >= count,
    { what: 'arrival upstream' },
  );
  const arrival = rig.upstream.ledger.creates.at(-1);
  if (!arrival) throw new Error('no arrival');
  return arrival;
}

async function closesWithin(arrival: Arrival, since: number, limitMs: number): Promise<void> {
  await until(
    () => arrival.ended,
    (ended) => ended !== 'open',
    { what: 'upstream close' },
  );
  expect(arrival.ended).toBe('client_closed');
  expect((arrival.endedAt ?? 0) - since).toBeLessThanOrEqual(limitMs);
}

describe('a client that goes away', () => {
  it.each([
    ['before the answer’s head, streaming', { model: 'fault:hang', stream: true }, null],
    ['before the answer’s head, JSON', { model: 'fault:hang' }, null],
    ['in the middle of a stream', { model: 'fault:stall,after=4', stream: true }, /event: response.output/],
    [
      'in the middle of a paced stream',
      { model: 'plan:paced,n=500,interval=20', stream: true },
      /output_text.delta/,
    ],
    ['in the middle of a JSON body', { model: 'fault:stall' }, /"id"/],
  ])('%s: the upstream sees the close within 500 ms', async (_, body, seen) => {
    for (const how of ['destroy', 'resetAndDestroy'] as const) {
      const before = rig.upstream.ledger.creates.length;
      const raw = await RawClient.open(rig.proxy.port);
      raw.send(post({ input: 'x', ...body }));
      const arrival = await arrived(before + 1);
      if (seen) await raw.untilText(seen);
      const at = Date.now();
      raw.socket[how]();
      await closesWithin(arrival, at, 500);
      await rig.proxy.idle(1_000);
    }
  });

  it.each([
    ['before the head', { model: 'fault:hang', stream: true }, [null, 0]],
    ['in a stream', { model: 'plan:paced,n=500,interval=20', stream: true }, [200, 1]],
    ['in a JSON body', { model: 'fault:stall' }, [200, 1]],
  ])(
    '%s is written down as client_aborted, with no usage and the part there was',
    async (window, body, seen) => {
      const session = `written ${window}`;
      await rig.client.send({
        body: { ...body, prompt_cache_key: session },
        ...(seen[0] === null ? { abortAfterMs: 200 } : { abortWhen: (e) => e.text.length > 0 }),
      });
      const [row] = await until(
        () => rig.history.rows<RequestRow>(`SELECT * FROM requests WHERE session_id = '${session}'`),
        ([one]) => one !== undefined && one.state !== 'in_progress',
        { what: 'its row' },
      );
      expect(row).toMatchObject({
        state: 'client_aborted',
        status_code: seen[0],
        total_tokens: null,
        attempt_count: 1,
      });
      const parts = `SELECT captured_size FROM bodies WHERE request_id = '${row?.id}' AND direction = 'response' AND captured_size > 0`;
      expect((await rig.history.rows(parts)).length).toBe(seen[1]);
    },
  );

  it('while still sending its body costs no key and reaches no upstream', async () => {
    const before = rig.upstream.ledger.traffic.length;
    const raw = await RawClient.open(rig.proxy.port);
    raw.send(rawRequest('POST', '/v1/responses', [JSON_TYPE, 'content-length: 1000'], '{"model":'));
    raw.destroy();
    await rig.proxy.idle();
    expect(rig.upstream.ledger.traffic.length).toBe(before);
  });

  it('lets a background response run, and remembers whose it is', async () => {
    const before = rig.upstream.ledger.creates.length;
    const raw = await RawClient.open(rig.proxy.port);
    raw.send(post({ input: 'x', model: 'fault:slow,ms=300', background: true }));
    const arrival = await arrived(before + 1);
    raw.destroy();
    await until(
      () => arrival.ended,
      (ended) => ended !== 'open',
    );
    expect(arrival).toMatchObject({ ended: 'completed', status: 200 });
    await rig.proxy.idle();
    const read = await rig.client.send({ method: 'GET', path: `/v1/responses/${arrival.responseId}` });
    expect(read.status).toBe(200);
    expect(rig.upstream.ledger.last().key).toBe(arrival.key);
  });

  it.each([
    ['before the head', 'fault:hang', null],
    ['in a stream', 'plan:paced,n=2000,interval=20', /output_text.delta/],
    ['in a JSON body', 'fault:stall', /"id"/],
  ])(
    'many at a time, %s: the upstream sees every one of them go',
    async (window, model, seen) => {
      const total = size(50, 1_000);
      const from = rig.upstream.ledger.creates.length;
      const took: number[] = [];
      let started = 0;
      const lane = async (): Promise<void> => {
        while (started < total) {
          const session = `gone-${window}-${(started += 1)}`;
          const stream = model.startsWith('plan');
          const raw = await RawClient.open(rig.proxy.port);
          raw.send(post({ input: 'x', model, stream, prompt_cache_key: session }));
          const arrival = await until(() =>
            rig.upstream.ledger.creates.slice(from).find((a) => a.json?.['prompt_cache_key'] === session),
          );
          if (seen) await raw.untilText(seen, 20_000);
          const at = Date.now();
          raw.destroy();
          await until(
            () => arrival?.ended,
            (ended) => ended === 'client_closed',
            { what: 'upstream close' },
          );
          took.push((arrival?.endedAt ?? Infinity) - at);
        }
      };
      await Promise.all(Array.from({ length: 10 }, lane));
      demand('R13', `aborts ${window} that the upstream saw`, took.length, { exactly: total });
      demand('R13', `abort to upstream close ${window}, p99, ms`, quantile(took, 0.99), within(500));
      await rig.proxy.idle();
    },
    300_000,
  );

  it('thirty big answers broken off at once do not hold up the loop', async () => {
    const clients = await Promise.all(Array.from({ length: 30 }, () => RawClient.open(rig.proxy.port)));
    for (const raw of clients) raw.send(post({ input: 'x', model: 'fault:big,mb=64,sse=1', stream: true }));
    // Each stops at its 5 MB: what comes after is work for nothing.
    await until(
      () => {
        const full = clients.filter((raw) => raw.size > 5 * 1024 * 1024);
        for (const raw of full) raw.socket.pause();
        return full.length === clients.length;
      },
      { timeoutMs: 60_000 },
    );
    const delays: number[] = [];
    for (let i = 0; i < 100; i += 1) {
      if (i === 10) for (const raw of clients) raw.destroy();
      const at = performance.now();
      await fetch(`${rig.proxy.url}/healthz`);
      delays.push(performance.now() - at);
    }
    demand('R13', '/healthz while 30 × 5 MB are cut, p99, ms', quantile(delays, 0.99), within(100));
    await rig.proxy.idle();
  }, 120_000);
});

describe('a client that only half closes', () => {
  it.each([{ stream: false }, { stream: true }])('still gets its whole answer (%o)', async (body) => {
    const raw = await RawClient.open(rig.proxy.port);
    raw.send(post({ input: 'x', model: 'fault:slow,ms=200', ...body }));
    raw.socket.end();
    await raw.untilText(body.stream ? /event: response.completed\ndata: .*\n\n/ : /"usage":\{/);
    expect(raw.status).toBe(200);
    raw.destroy();
  });
});

describe('PROXY_ON_DISCONNECT=drain', () => {
  it('lets the upstream finish and records its usage', async () => {
    const drain = await Rig.start({ env: { PROXY_ON_DISCONNECT: 'drain' } });
    const seen = await drain.client.send({
      body: { model: 'plan:paced,n=12,interval=25', stream: true },
      abortWhen: (e) => e.text.length > 0,
    });
    const arrival = drain.upstream.ledger.last();
    await until(
      () => arrival.ended,
      (ended) => ended !== 'open',
    );
    expect(arrival.ended).toBe('completed');
    const row = await drain.history.finished(seen.proxyRequestId);
    expect(row).toMatchObject({ state: 'client_aborted', total_tokens: arrival.usage?.total_tokens });
    await drain.stop();
  });

  it('can be said of one pool alone', async () => {
    const both = await Rig.pooled(2, 1, { env: { PROXY_ON_DISCONNECT_POOLS: 'p1=drain' } });
    const ends = [];
    for (const pool of ['p0', 'p1']) {
      await both.client.send({
        headers: inPool(pool),
        body: { model: 'plan:paced,n=12,interval=25', stream: true },
        abortWhen: (e) => e.text.length > 0,
      });
      const arrival = both.upstream.ledger.last();
      ends.push(
        await until(
          () => arrival.ended,
          (ended) => ended !== 'open',
        ),
      );
    }
    expect(ends).toEqual(['client_closed', 'completed']);
    await both.stop();
  });
});
