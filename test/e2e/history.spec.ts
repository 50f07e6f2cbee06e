import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RequestRow } from '../support/history.js';
import type { LoadEntry, LoadRequest } from '../support/load-client.js';
import { Rig, inPool, key } from '../support/rig.js';
import { until } from '../support/until.js';

interface BodyRow {
  readonly request_id: string;
  readonly direction: string;
  readonly size: number;
  readonly captured_size: number;
  readonly truncated: number;
}

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.pooled(12, 2, { env: { PROXY_FIRST_BYTE_TIMEOUT_SECONDS: '1' } });
});

afterAll(() => rig.stop());

async function recorded(on: Rig, request: LoadRequest): Promise<{ seen: LoadEntry; row: RequestRow }> {
  const seen = await on.client.send(request);
  return { seen, row: await on.history.finished(seen.proxyRequestId) };
}

const bodiesOf = (on: Rig, id: string): Promise<BodyRow[]> =>
  on.history.rows<BodyRow>(
    `SELECT request_id, direction, size, captured_size, truncated FROM bodies WHERE request_id = '${id}'`,
  );

function expectUsage(on: Rig, row: RequestRow): void {
  const usage = on.upstream.ledger.byResponseId(row.response_id ?? '')?.usage;
  expect(usage).toBeDefined();
  expect(row).toMatchObject({
    input_tokens: usage?.input_tokens,
    cached_tokens: usage?.input_tokens_details.cached_tokens,
    cache_write_tokens: usage?.input_tokens_details.cache_write_tokens,
    output_tokens: usage?.output_tokens,
    reasoning_tokens: usage?.output_tokens_details.reasoning_tokens,
    total_tokens: usage?.total_tokens,
  });
}

describe('a request that went well', () => {
  it.each([
    ['JSON', false],
    ['SSE', true],
  ])('has one row with everything about it (%s)', async (_, stream) => {
    const headers = {
      ...inPool('p0'),
      'x-proxy-session-id': `history-${String(stream)}`,
      'x-proxy-session-name': 'A named session',
      'user-agent': 'e2e/1.0',
    };
    const { seen, row } = await recorded(rig, { headers, body: { stream } });
    const arrival = rig.upstream.ledger.last();
    expect(row).toMatchObject({
      id: seen.proxyRequestId,
      state: 'completed',
      status_code: 200,
      resource_id: seen.headers['x-proxy-resource-id'],
      session_id: `history-${String(stream)}`,
      session_name: 'A named session',
      pool_id: 'p0',
      model: 'gpt-5.5',
      path: '/v1/responses',
      attempt_count: 1,
      error_code: null,
      response_id: seen.responseId,
      upstream_request_id: seen.headers['x-request-id'],
      request_bytes: arrival.bodyBytes,
      response_bytes: arrival.responseBytes,
    });
    expectUsage(rig, row);
    expect(row.latency_ms).toBeGreaterThanOrEqual(row.first_byte_ms ?? Infinity);
  });

  it('keeps both bodies whole, and never a credential', async () => {
    const { seen, row } = await recorded(rig, {
      headers: { authorization: 'Bearer the-clients-own' },
      body: { input: 'hi there' },
    });
    const bodies = await until(
      () => bodiesOf(rig, row.id),
      (b) => b.length === 2,
    );
    expect(bodies.find((b) => b.direction === 'response')).toMatchObject({
      size: Buffer.byteLength(seen.text),
      truncated: 0,
    });
    expect(bodies.find((b) => b.direction === 'request')?.size).toBe(rig.upstream.ledger.last().bodyBytes);
    const response = await fetch(`${rig.proxy.url}/admin/requests/${row.id}`);
    const text = await response.text();
    expect(response.status, text).toBe(200);
    expect(text).not.toMatch(/sk-test-|the-clients-own/);
  });

  it('counts zero tokens as zero and unknown ones as null', async () => {
    const { row } = await recorded(rig, { headers: inPool('p0'), body: { background: true } });
    expect(row.state).toBe('completed');
    expect([row.input_tokens, row.cached_tokens, row.total_tokens]).toEqual([null, null, null]);
    const zero = await until(
      () => recorded(rig, { headers: inPool('p0'), body: {} }),
      ({ row: r }) =>
        rig.upstream.ledger.byResponseId(r.response_id ?? '')?.usage?.output_tokens_details
          .reasoning_tokens === 0,
    );
    expect(zero.row.reasoning_tokens).toBe(0);
  });

  it('adds up in its session', async () => {
    const headers = { ...inPool('p1'), 'session-id': 'sum-of-three', 'thread-id': 'sum-of-three' };
    const sent = [];
    for (let i = 0; i < 3; i += 1) sent.push(await recorded(rig, { headers, body: { stream: i === 1 } }));
    const total = sent.reduce((sum, { row }) => sum + (row.total_tokens ?? 0), 0);
    const [session] = await until(
      () => rig.history.rows<Record<string, unknown>>(`SELECT * FROM sessions WHERE id = 'sum-of-three'`),
      (rows) => rows[0]?.['request_count'] === 3,
    );
    expect(session).toMatchObject({ total_tokens: total, last_resource_id: sent[2]?.row.resource_id });
  });
});

describe('the decision', () => {
  it('names every candidate and why it lost', async () => {
    const { row } = await recorded(rig, { headers: inPool('p2'), body: {} });
    const [decision] = await until(
      () =>
        rig.history.rows<Record<string, string>>(`SELECT * FROM decisions WHERE request_id = '${row.id}'`),
      (rows) => rows.length === 1,
    );
    const candidates = JSON.parse(decision?.['candidates'] ?? '[]') as {
      resourceId?: string;
      resource_id?: string;
      chosen: boolean;
      rejected: string | null;
    }[];
    const inPool2 = candidates.filter((c) => c.rejected !== 'other_pool');
    expect(inPool2.length).toBe(2);
    expect(candidates.filter((c) => c.chosen).map((c) => c.resourceId ?? c.resource_id)).toEqual([
      row.resource_id,
    ]);
    for (const candidate of candidates) expect(candidate.chosen).toBe(candidate.rejected === null);
    expect(decision).toMatchObject({ resource_id: row.resource_id, affinity_class: 'free', pool_id: 'p2' });
    expect(decision?.['explanation']).toMatch(/\w{3}/);
  });

  it('is there for each attempt, and each attempt has its class', async () => {
    const [first] = rig.keysOf('p3');
    rig.upstream.faults.set(first ?? '', 'fault:429,retry=60');
    const retried = await until(
      () => recorded(rig, { headers: inPool('p3'), body: {} }),
      ({ row }) => row.attempt_count === 2,
      { everyMs: 1 },
    );
    const attempts = await rig.history.rows<Record<string, unknown>>(
      `SELECT * FROM attempts WHERE request_id = '${retried.row.id}' ORDER BY n`,
    );
    expect(attempts.map((a) => [a['n'], a['class'], a['status'], a['retry_reason']])).toEqual([
      [1, 'B', 429, 'refused_by_upstream'],
      [2, 'ok', 200, 'served'],
    ]);
    const decisions = await rig.history.rows<{ attempt: number }>(
      `SELECT attempt FROM decisions WHERE request_id = '${retried.row.id}' ORDER BY attempt`,
    );
    expect(decisions.map((d) => d.attempt)).toEqual([1, 2]);
  });
});

describe('a request that failed', () => {
  it.each([
    ['p10', 'fault:reset', 'may_have_been_processed', /whole request had been sent/],
    ['p11', 'fault:400', 'request_at_fault', /any key would refuse it/],
  ])('says why no other key was tried (%s: %s)', async (pool, model, reason, text) => {
    const { row } = await recorded(rig, { headers: inPool(pool), body: { model } });
    const { attempts } = await rig.proxy.admin<{ attempts: Record<string, string>[] }>(
      `/admin/requests/${row.id}`,
    );
    expect(attempts.map((a) => [a['retry_reason'], a['retry_text']])).toEqual([
      [reason, expect.stringMatching(text)],
    ]);
  });
});

describe('every ending has its state', () => {
  it.each([
    ['completed', 'p4', { body: {} }],
    ['incomplete', 'p4', { body: { stream: true, model: 'fault:incomplete' } }],
    ['incomplete', 'p4', { body: { model: 'fault:incomplete' } }],
    ['failed', 'p4', { body: { stream: true, model: 'fault:failed' } }],
    ['failed', 'p4', { body: { stream: true, model: 'fault:error_event' } }],
    ['upstream_error', 'p5', { body: { model: 'fault:reset' } }],
    ['upstream_error', 'p6', { body: { stream: true, model: 'fault:cut,after=3' } }],
    ['upstream_error', 'p7', { body: { model: 'fault:500' } }],
    ['timeout', 'p8', { body: { model: 'fault:hang' } }],
    ['rejected', 'no-such-pool', { body: {} }],
    [
      'client_aborted',
      'p9',
      {
        body: { stream: true, model: 'plan:paced,n=300,interval=10' },
        abortWhen: (e: LoadEntry) => e.text.length > 0,
      },
    ],
  ] satisfies readonly [string, string, LoadRequest][])('%s', async (state, pool, request) => {
    const { row } = await recorded(rig, { ...request, headers: inPool(pool) });
    expect(row.state).toBe(state);
  });

  it('rejected: a body that is no JSON', async () => {
    const { row } = await recorded(rig, { body: '{"model":' });
    expect(row).toMatchObject({
      state: 'rejected',
      status_code: 400,
      error_code: 'invalid_json',
      error_source: 'proxy',
      attempt_count: 0,
    });
  });

  it('interrupted: the process was killed', async () => {
    const own = await Rig.start({ keys: [key('i')] });
    const open = Array.from({ length: 5 }, () =>
      own.client.send({ body: { stream: true, model: 'plan:paced,n=900,interval=20' } }),
    );
    await until(() => own.client.entries.every((e) => e.text.length > 0));
    await own.proxy.kill9();
    const seen = await Promise.all(open);
    await own.proxy.restart();
    for (const entry of seen) {
      expect(entry.acknowledged).toBe(false);
      const row = await own.history.finished(entry.proxyRequestId);
      expect(row).toMatchObject({ state: 'interrupted', total_tokens: null });
    }
    await own.stop();
  });
});

describe('capture', () => {
  it.each([
    ['off', '0', 0],
    ['cut at 1,000 bytes', '1000', 2],
  ])('%s: usage is found all the same', async (_, limit, bodies) => {
    const own = await Rig.start({ env: { PROXY_MAX_CAPTURE_BYTES: limit } });
    for (const stream of [false, true]) {
      const { row } = await recorded(own, {
        body: { stream, model: 'plan:burst,n=400', input: 'x'.repeat(5_000) },
      });
      expectUsage(own, row);
      expect(row.response_bytes).toBe(own.upstream.ledger.last().responseBytes);
      const stored = await until(
        () => bodiesOf(own, row.id),
        (b) => b.length === bodies,
      );
      for (const body of stored) {
        expect(body).toMatchObject({ truncated: 1 });
        expect(body.captured_size).toBeLessThanOrEqual(1_000);
        expect(body.size).toBeGreaterThan(1_000);
      }
    }
    await own.stop();
  });
});
