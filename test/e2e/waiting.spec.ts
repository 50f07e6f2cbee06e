import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rig, inPool, key as keyOf } from '../support/rig.js';
import { until } from '../support/until.js';

let rig: Rig;
let pools = 0;
const POOLS = 14;
/** Pools of one key each, and one of two. */
const NAMES = [...Array.from({ length: POOLS }, (_, n) => `p${n}-0`), 'pair-0', 'pair-1'];
const OPENAI_RESOURCE_POOL_IDS = NAMES.map((name) => name.split('-')[0]).join(',');

beforeAll(async () => {
  rig = await Rig.start({ keys: NAMES.map((name) => keyOf(name)), env: { OPENAI_RESOURCE_POOL_IDS } });
});

afterAll(() => rig.stop());

/** A pool of one key, which has just been told to pause. Who was told so has left and does not wait with the others. */
async function limited(
  fault: string,
): Promise<{ pool: string; key: string; headers: Record<string, string> }> {
  const pool = `p${pools++}`;
  if (pools > POOLS) throw new Error('no pool left: raise POOLS');
  const headers = inPool(pool);
  const key = rig.keysOf(pool)[0] ?? '';
  rig.upstream.faults.set(key, `fault:${fault}`, { times: 1 });
  const leaves = new AbortController();
  const told = fetch(`${rig.proxy.v1}/responses`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'gpt-5.5', input: 'x' }),
    signal: leaves.signal,
  }).catch(() => null);
  await until(() => pausedHealth(key), Boolean, { what: 'the pause' });
  leaves.abort();
  await told;
  await rig.proxy.idle();
  return { pool, key, headers };
}

async function pausedHealth(key: string): Promise<boolean> {
  const at = NAMES.findIndex((name) => key === `sk-test-${name}`);
  const { resources } = await rig.proxy.admin<{ resources: { health: { reason: string } }[] }>(
    '/admin/state',
  );
  return resources[at]?.health.reason === 'rate_limited';
}

async function waitedMs(requestId: string | null): Promise<unknown> {
  const page = await until(
    () =>
      rig.proxy.admin<{ decisions: Record<string, unknown>[] }>(
        `/admin/decisions?request_id=${requestId ?? ''}`,
      ),
    (one) => one.decisions.length > 0,
  );
  expect(page.decisions).toHaveLength(1);
  return page.decisions[0]?.['waited_ms'];
}

/** What the upstream answered the last `count` creates with, and the time between the last two. */
function lastAnswers(count: number): { statuses: (number | null)[]; apartMs: number } {
  const last = rig.upstream.ledger.creates.slice(-count);
  return {
    statuses: last.map((one) => one.status),
    apartMs: (last.at(-1)?.at ?? 0) - (last.at(-2)?.at ?? 0),
  };
}

describe('a request that is told to come back in a moment', () => {
  it.each([
    ['a lone key’s 429', '429,retry=1', false],
    ['a lone key’s 429 to a stream', '429,retry=1', true],
    ['a lone key’s 429 in milliseconds', '429,retry_ms=1200', false],
    ['a lone key’s 503', '503,retry=1', false],
  ])('waits and is sent again: %s', async (_, fault, stream) => {
    const pool = `p${pools++}`;
    rig.upstream.faults.set(rig.keysOf(pool)[0] ?? '', `fault:${fault}`, { times: 1 });
    const seen = await rig.client.send({ headers: inPool(pool), body: { stream } });
    expect(seen.status, seen.text).toBe(200);
    const { statuses, apartMs } = lastAnswers(2);
    expect(statuses).toEqual([Number(fault.slice(0, 3)), 200]);
    expect(apartMs).toBeGreaterThanOrEqual(990);
    expect(apartMs).toBeLessThan(2_000);
  });

  it('by every key waits for the first that is free', async () => {
    const [first = '', second = ''] = rig.keysOf('pair');
    rig.upstream.faults.set(first, 'fault:429,retry=1', { times: 1 });
    rig.upstream.faults.set(second, 'fault:429,retry=1', { times: 1 });
    const seen = await rig.client.send({ headers: inPool('pair'), body: {} });
    expect(seen.status, seen.text).toBe(200);
    expect(lastAnswers(3).statuses).toEqual([429, 429, 200]);
  });

  it('is told the wait at once when it is longer than the budget', async () => {
    const pool = `p${pools++}`;
    rig.upstream.faults.set(rig.keysOf(pool)[0] ?? '', 'fault:429,retry=600', { times: 1 });
    const before = performance.now();
    const seen = await rig.client.send({ headers: inPool(pool), body: {} });
    expect([seen.status, seen.headers['retry-after']]).toEqual([429, '60']);
    expect(performance.now() - before).toBeLessThan(900);
  });
});

describe('a request that nobody can take for a moment', () => {
  it.each([
    ['JSON', false],
    ['a stream', true],
  ])('waits out a pause of a second and is served: %s', async (_, stream) => {
    const { key, headers } = await limited('429,retry=1');
    const pausedAt = rig.upstream.ledger.creates.at(-1)?.at ?? 0;
    const seen = await rig.client.send({ headers, body: { stream } });
    expect(seen.status).toBe(200);
    const arrival = rig.upstream.ledger.creates.at(-1);
    expect(arrival).toMatchObject({ key, status: 200 });
    expect((arrival?.at ?? 0) - pausedAt).toBeGreaterThanOrEqual(990);
    expect((arrival?.at ?? 0) - pausedAt).toBeLessThan(1_800);
    expect(await waitedMs(seen.proxyRequestId)).toBeGreaterThan(500);
  });

  it('does not wait for what is further away', async () => {
    const { headers } = await limited('429,retry=20');
    const before = performance.now();
    const seen = await rig.client.send({ headers, body: {} });
    expect(seen.status).toBe(429);
    expect(performance.now() - before).toBeLessThan(500);
    expect(Number(seen.headers['retry-after'])).toBeGreaterThan(10);
    expect(await waitedMs(seen.proxyRequestId)).toBe(0);
  });

  it('fifty at once are all served, each sent once', async () => {
    const { key, headers } = await limited('429,retry=1');
    const before = rig.upstream.ledger.creates.length;
    const seen = await Promise.all(
      Array.from({ length: 50 }, (_, i) =>
        rig.client.send({ headers, body: { prompt_cache_key: `s${i % 7}` } }),
      ),
    );
    expect(seen.map((one) => one.status)).toEqual(seen.map(() => 200));
    const arrivals = rig.upstream.ledger.creates.slice(before);
    expect(arrivals).toHaveLength(50);
    expect(arrivals.every((one) => one.key === key)).toBe(true);
  });

  it('that continues a stored response waits for its owner', async () => {
    const pool = `p${pools++}`;
    const headers = inPool(pool);
    const first = await rig.client.send({ headers, body: {} });
    rig.upstream.faults.set(rig.keysOf(pool)[0] ?? '', 'fault:429,retry=1', { times: 1 });
    const both = [{}, { previous_response_id: first.responseId }].map((body) =>
      rig.client.send({ headers, body }),
    );
    expect((await Promise.all(both)).map((one) => one.status)).toEqual([200, 200]);
    expect(rig.upstream.ledger.last().key).toBe(rig.keysOf(pool)[0]);
  });

  it('ends its wait when its client leaves, and is never sent', async () => {
    const { headers } = await limited('429,retry=2');
    const before = rig.upstream.ledger.creates.length;
    const seen = await rig.client.send({ headers, body: {}, abortAfterMs: 300 });
    expect(seen.error).not.toBeNull();
    const [row] = await until(
      () =>
        rig.history.rows<{ state: string; status_code: number | null }>(
          `SELECT state, status_code FROM requests ORDER BY id DESC LIMIT 1`,
        ),
      (rows) => rows[0]?.state === 'client_aborted',
      { what: 'the record of a client that left' },
    );
    expect(row?.status_code).toBeNull();
    await rig.proxy.idle();
    await until(
      () => rig.client.send({ headers, body: {} }),
      (one) => one.status === 200,
    );
    expect(rig.upstream.ledger.creates.length).toBe(before + 1);
  });
});

describe('with the wait off, and when the process stops', () => {
  it('refuses at once, as before', async () => {
    await rig.proxy.restart({ env: { PROXY_WAIT_BUDGET_SECONDS: '0' } });
    const { headers } = await limited('429,retry=1');
    const seen = await rig.client.send({ headers, body: {} });
    expect([seen.status, seen.headers['retry-after']]).toEqual([429, '1']);
  });

  it('ends the wait with the drain', async () => {
    await rig.proxy.restart({ env: { PROXY_WAIT_BUDGET_SECONDS: '30', PROXY_DRAIN_TIMEOUT_SECONDS: '1' } });
    const { headers } = await limited('429,retry=25');
    const sent = rig.client.send({ headers, body: {} });
    await until(
      () => rig.proxy.admin<{ in_flight: number; resources: unknown[] }>('/admin/state'),
      (state) => state.resources.length > 0,
    );
    const before = performance.now();
    expect(await rig.proxy.stop()).toBe(0);
    const seen = await sent;
    expect(performance.now() - before).toBeLessThan(5_000);
    expect([seen.status, seen.text.includes('server_shutdown')]).toEqual([503, true]);
  });
});
