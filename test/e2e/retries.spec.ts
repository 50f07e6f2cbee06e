import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { demand, size } from '../support/release.js';
import { Rig, inPool } from '../support/rig.js';
import type { Arrival } from '../support/upstream-ledger.js';

const POOLS = 48;
let rig: Rig;
let nextPool = 0;

beforeAll(async () => {
  rig = await Rig.pooled(POOLS, 3);
});

afterAll(() => rig.stop());

/** A pool of three keys that no other test has touched. */
function freshPool(): { pool: string; keys: string[]; arrivals: () => readonly Arrival[] } {
  const pool = `p${nextPool++}`;
  if (nextPool > POOLS) throw new Error('no pool left: raise POOLS');
  const keys = rig.keysOf(pool);
  return {
    pool,
    keys,
    arrivals: () => rig.upstream.ledger.creates.filter((a) => keys.includes(a.key ?? '')),
  };
}

const markersOf = (arrivals: readonly Arrival[]): unknown[] =>
  arrivals.map((a) => (a.json?.['metadata'] as { marker?: string } | undefined)?.marker);

const error = (text: string): { code: string; message: string } =>
  (JSON.parse(text) as { error: { code: string; message: string } }).error;

describe('one bad key of three', () => {
  it.each(['401', '403', '429,retry=30', '429', 'quota', '503', '503,retry=5', 'model_not_found'])(
    'answering %s is never heard by the client, and is left alone afterwards',
    async (fault) => {
      const { pool, keys, arrivals } = freshPool();
      const bad = keys[1] ?? '';
      // A revoked key may not list models either; the other verdicts are about the request.
      rig.upstream.faults.set(bad, `fault:${fault}`, { on: fault === '401' ? 'all' : 'create' });
      for (let i = 0; i < 30; i += 1) {
        const seen = await rig.client.send({ headers: inPool(pool), body: { stream: i % 2 === 0 } });
        expect(seen.status, seen.text).toBe(200);
      }
      const hits = arrivals().filter((a) => a.key === bad).length;
      expect(arrivals().length).toBe(30 + hits);
      // The first probe may have found the revoked key before any request did.
      if (fault !== '401') expect(hits).toBeGreaterThan(0);
      expect(hits).toBeLessThanOrEqual(fault.startsWith('503') ? 6 : 1);
    },
  );

  it('that breaks off while the body is on its way costs nothing: the request was not complete', async () => {
    const { pool, arrivals } = freshPool();
    rig.upstream.faults.set('*', 'fault:reset_upload', { times: 1 });
    // More than the sockets between them hold, so that the end of it cannot have been sent.
    const seen = await rig.client.send({ headers: inPool(pool), body: { input: 'x'.repeat(16_000_000) } });
    expect(seen.status, seen.text).toBe(200);
    expect(arrivals().map((a) => a.bodyComplete)).toEqual([false, true]);
    const row = await rig.history.finished(seen.proxyRequestId);
    const attempts = await rig.history.rows<{ bytes_sent: number }>(
      `SELECT class, status, retry_reason, bytes_sent FROM attempts WHERE request_id = '${row.id}' ORDER BY n`,
    );
    const [partial = 0, whole = 0] = attempts.map(({ bytes_sent }) => bytes_sent);
    expect(partial).toBeGreaterThan(0);
    expect(partial).toBeLessThan(whole);
    expect(attempts).toEqual([
      { class: 'A', status: null, retry_reason: 'not_processed', bytes_sent: partial },
      { class: 'ok', status: 200, retry_reason: 'served', bytes_sent: whole },
    ]);
  });

  it('that may not use one model still serves the others', async () => {
    const { pool, keys, arrivals } = freshPool();
    rig.upstream.faults.set(keys[0] ?? '', 'fault:model_not_found', { times: 1 });
    for (let i = 0; i < 12; i += 1)
      await rig.client.send({ headers: inPool(pool), body: { model: 'gpt-secret' } });
    const denied = rig.upstream.ledger.creates.find((a) => a.key === keys[0] && a.status === 404);
    expect(denied).toBeDefined();
    for (let i = 0; i < 12; i += 1)
      await rig.client.send({ headers: inPool(pool), body: { model: 'gpt-5.5-mini' } });
    expect(arrivals().some((a) => a.key === keys[0] && a.model === 'gpt-5.5-mini' && a.status === 200)).toBe(
      true,
    );
    rig.upstream.faults.clear(keys[0]);
  });
});

describe('a complete 500, 502 or 504', () => {
  it.each(['500', '502', '504'])(
    '%s from every key costs at most one more arrival and is passed on',
    async (status) => {
      const { pool, arrivals } = freshPool();
      const seen = await rig.client.send({ headers: inPool(pool), body: { model: `fault:${status}` } });
      expect(seen.status).toBe(Number(status));
      expect(arrivals().length).toBe(2);
    },
  );

  it.each([
    ['background', { background: true }],
    ['conversation', { conversation: 'conv_x' }],
    ['an mcp tool', { tools: [{ type: 'mcp', server_label: 'x', server_url: 'https://x.example' }] }],
  ])('is never tried elsewhere with %s: the work may have been done', async (_, body) => {
    const { pool, arrivals } = freshPool();
    const seen = await rig.client.send({ headers: inPool(pool), body: { ...body, model: 'fault:500' } });
    expect(seen.status).toBe(500);
    expect(arrivals().length).toBe(1);
  });

  it('stays within 1.2 arrivals a request when everything fails', async () => {
    for (const status of ['500', '502', '504']) {
      const { pool, arrivals } = freshPool();
      const total = size(200, 1_000);
      await rig.client.run(total, 8, () => ({ headers: inPool(pool), body: { model: `fault:${status}` } }));
      const each = new Map<unknown, number>();
      for (const marker of markersOf(arrivals())) each.set(marker, (each.get(marker) ?? 0) + 1);
      demand('R10', `arrivals per request, every key ${status}`, arrivals().length / total, { atMost: 1.2 });
      demand('R10', `most arrivals of one request, every key ${status}`, Math.max(...each.values()), {
        atMost: 3,
      });
    }
  }, 120_000);
});

describe('ambiguous endings', () => {
  it.each([
    ['a reset after the full body', 'fault:reset', 'upstream_connection_lost'],
    ['a close after the full body', 'fault:close', 'upstream_connection_lost'],
    ['garbage instead of an answer', 'fault:garbage', 'bad_upstream_response'],
  ])('%s is one arrival and a 502 that lets the client decide', async (_, model, code) => {
    for (const stream of [false, true]) {
      const { pool, arrivals } = freshPool();
      const seen = await rig.client.send({ headers: inPool(pool), body: { model, stream } });
      expect(seen.status).toBe(502);
      expect(error(seen.text).code).toBe(code);
      expect(seen.headers['x-should-retry']).toBe('true');
      expect(arrivals().length).toBe(1);
    }
  });

  it('a thousand resets are a thousand arrivals', async () => {
    const { pool, arrivals } = freshPool();
    const from = rig.client.entries.length;
    // Every second one is served: keys that only ever fail are put aside, and what is refused here never arrives.
    await rig.client.run(2_000, 16, (n) => ({
      headers: inPool(pool),
      body: { model: n % 2 === 0 ? 'fault:reset' : 'gpt-5.5', stream: n % 4 < 2 },
    }));
    const heard = rig.client.entries.slice(from);
    const resets = arrivals().filter((a) => a.fault === 'reset');
    demand('R10', 'clients that heard of a reset', heard.filter((e) => e.status === 502).length, {
      exactly: 1_000,
    });
    demand('R10', 'arrivals of 1,000 requests reset after their body', resets.length, { exactly: 1_000 });
    demand('R10', 'of them twice', 1_000 - new Set(markersOf(resets)).size, { exactly: 0 });
  }, 60_000);

  it('nothing but resets: none arrives twice, whatever is thought of the keys', async () => {
    const { pool, arrivals } = freshPool();
    const from = rig.client.entries.length;
    await rig.client.run(300, 16, () => ({ headers: inPool(pool), body: { model: 'fault:reset' } }));
    const heard = rig.client.entries.slice(from).filter((e) => e.text.includes('upstream_connection_lost'));
    expect(arrivals().length).toBe(heard.length);
    expect(new Set(markersOf(arrivals())).size).toBe(arrivals().length);
  });

  it('a GET is tried elsewhere after a reset', async () => {
    const { pool } = freshPool();
    rig.upstream.faults.set('*', 'fault:reset', { on: 'models', times: 1 });
    const seen = await rig.client.send({
      method: 'GET',
      path: '/v1/models',
      headers: inPool(pool),
      body: null,
    });
    expect(seen.status).toBe(200);
    rig.upstream.faults.clear('*');
  });
});

describe('once a byte went to the client', () => {
  it.each(['fault:cut,after=3', 'fault:failed', 'fault:error_event', 'fault:eof,after=3'])(
    '%s is never tried again',
    async (model) => {
      const { pool, arrivals } = freshPool();
      await rig.client.send({ headers: inPool(pool), body: { model, stream: true } });
      expect(arrivals().length).toBe(1);
    },
  );

  it.each(['400', '404', '409', '422'])(
    '%s is the request’s own fault: passed on unchanged, once',
    async (status) => {
      const { pool, arrivals } = freshPool();
      const seen = await rig.client.send({ headers: inPool(pool), body: { model: `fault:${status}` } });
      expect(seen.status).toBe(Number(status));
      expect(seen.sha256).toBe(arrivals()[0]?.responseSha256);
      expect(arrivals().length).toBe(1);
    },
  );
});

describe('when every key refuses', () => {
  it('bad credentials are a 502: the caller’s own key is fine', async () => {
    const { pool } = freshPool();
    const seen = await rig.client.send({ headers: inPool(pool), body: { model: 'fault:401' } });
    expect(seen.status).toBe(502);
    expect(error(seen.text).code).toBe('upstream_auth_failed');
  });

  it('an unknown model is the upstream’s own answer', async () => {
    const { pool, arrivals } = freshPool();
    const body = { model: 'fault:model_not_found' };
    const seen = await rig.client.send({ headers: inPool(pool), body });
    expect(seen.status).toBe(404);
    expect(error(seen.text).code).toBe('model_not_found');
    expect(seen.sha256).toBe(arrivals().at(-1)?.responseSha256);
    expect(arrivals().length).toBe(3);
  });

  it('rate limits are one 429 with a short retry-after', async () => {
    const { pool } = freshPool();
    const seen = await rig.client.send({ headers: inPool(pool), body: { model: 'fault:429,retry=3600' } });
    expect(seen.status).toBe(429);
    expect(['upstream_rate_limited', 'rate_limit_exceeded']).toContain(error(seen.text).code);
    expect(Number(seen.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(Number(seen.headers['retry-after'])).toBeLessThanOrEqual(60);
  });

  it('the next request is answered at once and sends nothing upstream', async () => {
    const { pool, keys, arrivals } = freshPool();
    for (const k of keys) rig.upstream.faults.set(k, 'fault:401');
    await rig.client.send({ headers: inPool(pool), body: {} });
    await rig.client.send({ headers: inPool(pool), body: {} });
    const before = arrivals().length;
    const started = performance.now();
    const seen = await rig.client.send({ headers: inPool(pool), body: {} });
    expect(performance.now() - started).toBeLessThan(250);
    expect([502, 503]).toContain(seen.status);
    expect(arrivals().length).toBe(before);
    for (const k of keys) rig.upstream.faults.clear(k);
  });
});

describe('with the real SDK in front', () => {
  it('three attempts of the client and the proxy’s own stay within 3.6 arrivals a call', async () => {
    const { pool, arrivals } = freshPool();
    const openai = new OpenAI({ apiKey: 'x', baseURL: rig.proxy.v1, defaultHeaders: inPool(pool) });
    const calls = size(40, 300);
    const failed = await Promise.allSettled(
      Array.from({ length: calls }, () => openai.responses.create({ model: 'fault:500', input: 'x' })),
    );
    expect(failed.every((call) => call.status === 'rejected')).toBe(true);
    demand('R10', 'arrivals per call of openai-node, every key 500', arrivals().length / calls, {
      atMost: 3.6,
    });
  }, 120_000);
});
