import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rig, key } from '../support/rig.js';
import { until } from '../support/until.js';

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({ keys: [key('a'), key('b'), key('c')] });
});

afterAll(() => rig.stop());

describe('a key whose requests run out', () => {
  it('gets no request it would answer with 429, and is back after its reset', async () => {
    rig.upstream.limits.set('sk-test-a', 5, 1_500);
    const arrivals = rig.upstream.ledger.creates;
    await rig.client.run(60, 3, (n) => ({ body: { stream: n % 2 === 0 } }));
    expect(rig.client.entries.every((entry) => entry.status === 200)).toBe(true);
    expect(rig.upstream.ledger.creates.filter((a) => a.status === 429)).toEqual([]);
    const counts = rig.upstream.ledger.countByKey();
    expect(counts.get('sk-test-a')).toBeGreaterThan(0);
    expect((counts.get('sk-test-b') ?? 0) + (counts.get('sk-test-c') ?? 0)).toBeGreaterThan(40);
    expect(arrivals.length).toBeLessThanOrEqual(60);
    await until(
      () => rig.client.send({ body: {} }),
      () => (rig.upstream.ledger.countByKey().get('sk-test-a') ?? 0) > 5,
      { what: 'the key to be used again' },
    );
    expect(rig.upstream.ledger.creates.filter((a) => a.status === 429)).toEqual([]);
  });

  it('is shown as passed over, with what is left', async () => {
    rig.upstream.limits.clear();
    rig.upstream.limits.set('sk-test-b', 1, 60_000);
    await until(
      () => rig.client.send({ body: { model: 'gpt-5.5-mini' } }),
      () => rig.upstream.ledger.creates.some((a) => a.key === 'sk-test-b' && a.model === 'gpt-5.5-mini'),
    );
    const seen = await rig.client.send({ body: { model: 'gpt-5.5-mini' } });
    const page = await until(
      () =>
        rig.proxy.admin<{ decisions: { candidates: Record<string, unknown>[] }[] }>(
          `/admin/decisions?request_id=${seen.proxyRequestId ?? ''}`,
        ),
      (one) => one.decisions.length > 0,
    );
    const used = page.decisions[0]?.candidates.find((one) => one['resource_id'] === 'openai-2');
    expect(used).toMatchObject({ rejected: 'rate_limit_exhausted', remaining_requests: 0 });
  });
});

describe('a key whose tokens run out', () => {
  it('gets no request that may take more than it has left, and those that fit', async () => {
    rig.upstream.limits.clear();
    const model = 'gpt-5.5-large';
    rig.upstream.limits.set('sk-test-c', 1_000, 60_000, 1_500);
    const told = (): number => rig.upstream.ledger.creates.filter((a) => a.key === 'sk-test-c').length;
    const before = told();
    await until(
      () => rig.client.send({ body: { model } }),
      () => told() > before,
    );
    const large = { body: { model, input: 'x'.repeat(8_000) } };
    const seen = await Promise.all(Array.from({ length: 12 }, () => rig.client.send(large)));
    expect(seen.map(({ status }) => status)).toEqual(seen.map(() => 200));
    await until(
      () => rig.client.send({ body: { model } }),
      () => told() > before + 1,
    );
    expect(rig.upstream.ledger.creates.filter((a) => a.key === 'sk-test-c' && a.status === 429)).toEqual([]);
    const explained = await fetch(`${rig.proxy.url}/admin/route/explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model, input_tokens: 2_000 }),
    });
    const { candidates, explanation } = (await explained.json()) as {
      candidates: Record<string, unknown>[];
      explanation: string;
    };
    const short = candidates.find((one) => one['resource_id'] === 'openai-3');
    expect(short).toMatchObject({ rejected: 'rate_limit_short' });
    expect(explanation).toContain('left alone with less than the 2,000 tokens this may take');
  });
});
