import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LoadEntry } from '../support/load-client.js';
import { Rig, inPool, key } from '../support/rig.js';
import { until } from '../support/until.js';

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({
    keys: [key('lone'), key('full'), key('free'), key('bad'), key('busy')],
    env: {
      OPENAI_RESOURCE_POOL_IDS: 'lone,two,two,pair,pair',
      OPENAI_RESOURCE_MAX_CONCURRENCY: '2,1,,,1',
      PROXY_WAIT_BUDGET_SECONDS: '10',
    },
  });
});

afterAll(() => rig.stop());

/** Most requests a key had open at one time. */
function mostOpen(name: string): number {
  const own = rig.upstream.ledger.creates.filter((a) => a.key === `sk-test-${name}`);
  const ends = (at: number): number =>
    own.filter((a) => a.at <= at && (a.endedAt === null || a.endedAt > at)).length;
  return Math.max(...own.map(({ at }) => ends(at)));
}

/** One request of the pool `pair` on each of its keys; from then on `bad` answers with the fault. */
async function occupyPair(fault: string, ms: number): Promise<readonly Promise<LoadEntry>[]> {
  rig.upstream.faults.clear('sk-test-bad');
  const held = [1, 2].map(() =>
    rig.client.send({ headers: inPool('pair'), body: { model: `fault:slow,ms=${ms}` } }),
  );
  await until(() => rig.upstream.ledger.open.length === 2);
  expect(new Set(rig.upstream.ledger.open.map((a) => a.key))).toEqual(
    new Set(['sk-test-bad', 'sk-test-busy']),
  );
  rig.upstream.faults.set('sk-test-bad', fault, { on: 'create' });
  return held;
}

describe('a cap on the requests in flight on a key', () => {
  it('is kept: what finds no place waits for one, and all are served', async () => {
    const seen = await Promise.all(
      Array.from({ length: 12 }, (_, i) =>
        rig.client.send({
          headers: inPool('lone'),
          body: { model: 'fault:slow,ms=60', prompt_cache_key: `s${i % 5}`, stream: i % 2 === 0 },
        }),
      ),
    );
    expect(seen.map((one) => one.status)).toEqual(seen.map(() => 200));
    expect(mostOpen('lone')).toBe(2);
  });

  it('sends what finds no place to another key, and says so', async () => {
    const held = Array.from({ length: 5 }, (_, i) =>
      rig.client.send({
        headers: inPool('two'),
        body: { model: 'fault:slow,ms=700', prompt_cache_key: `t${i}` },
      }),
    );
    const state = await until(
      () =>
        rig.proxy.admin<{ resources: { in_flight: number; max_concurrency: number | null }[] }>(
          '/admin/state',
        ),
      ({ resources }) => resources.reduce((sum, { in_flight }) => sum + in_flight, 0) === 5,
    );
    expect(state.resources.map((one) => one.max_concurrency)).toEqual([2, 1, null, null, 1]);
    const explained = await rig.proxy.admin<{
      candidates: { rejected: string | null; in_flight: number }[];
    }>('/admin/route/explain', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ pool_id: 'two', model: 'gpt-5.5' }),
    });
    expect(explained.candidates[1]).toMatchObject({ rejected: 'at_capacity', in_flight: 1 });
    expect((await Promise.all(held)).map((one) => one.status)).toEqual(held.map(() => 200));
    expect(mostOpen('full')).toBe(1);
  });

  it('is waited for by a request that another key has refused', async () => {
    const held = await occupyPair('fault:model_not_found', 700);
    const seen = await rig.client.send({ headers: inPool('pair'), body: { model: 'gpt-rare' } });
    expect([seen.status, seen.headers['x-proxy-resource-id']]).toEqual([200, 'openai-5']);
    expect((await Promise.all(held)).map(({ status }) => status)).toEqual([200, 200]);
    expect(mostOpen('busy')).toBe(1);
  });

  it('refuses with a short retry-after when the wait is over', async () => {
    await rig.proxy.restart({ env: { PROXY_WAIT_BUDGET_SECONDS: '0.2' } });
    const held = [1, 2].map(() =>
      rig.client.send({ headers: inPool('lone'), body: { model: 'fault:slow,ms=1000' } }),
    );
    await until(() => rig.upstream.ledger.open.length === 2);
    const seen = await rig.client.send({ headers: inPool('lone'), body: {} });
    expect([seen.status, seen.headers['retry-after'], seen.headers['x-should-retry']]).toEqual([
      503,
      '1',
      'true',
    ]);
    expect(seen.text).toContain('at_capacity');
    await Promise.all(held);
  });

  it.each(['fault:model_not_found', 'fault:quota'])(
    'is a short wait, and no verdict on keys, after %s of another key',
    async (fault) => {
      // The wait is as short as in the test before, and that key is refused for another model only.
      const held = await occupyPair(fault, 700);
      const asked = { headers: inPool('pair'), body: { model: `gpt-after-${fault.slice(6)}` } };
      const seen = await rig.client.send(asked);
      expect(JSON.parse(seen.text)).toMatchObject({ error: { code: 'no_available_resources' } });
      expect([seen.status, seen.headers['retry-after'], seen.headers['x-should-retry']]).toEqual([
        503,
        '1',
        'true',
      ]);
      expect(rig.upstream.ledger.creates.at(-1)?.key).toBe('sk-test-bad');
      await Promise.all(held);
      const again = await rig.client.send(asked);
      expect([again.status, again.headers['x-proxy-resource-id']]).toEqual([200, 'openai-5']);
    },
  );
});
