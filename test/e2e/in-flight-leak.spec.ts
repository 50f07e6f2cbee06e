import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rig } from '../support/rig.js';
import { pause, until } from '../support/until.js';
import type { LoadRequest } from '../support/load-client.js';

const ENDINGS: readonly ((n: number) => LoadRequest)[] = [
  () => ({ body: { stream: false } }),
  () => ({ body: { stream: true, model: 'plan:paced,n=6,interval=5' } }),
  () => ({ body: { stream: true, model: 'fault:cut,after=3' } }),
  () => ({ body: { stream: false, model: 'fault:cut' } }),
  () => ({ body: { stream: true, model: 'fault:failed' } }),
  () => ({ body: { stream: false, model: 'fault:500' } }),
  (n) => ({ body: { stream: true, model: 'plan:paced,n=200,interval=10' }, abortAfterMs: 20 + (n % 60) }),
  () => ({
    body: { stream: true, model: 'plan:paced,n=200,interval=10' },
    abortWhen: (e) => e.text.length > 300,
  }),
];

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start();
});

afterAll(() => rig.stop());

describe('in_flight', () => {
  it('is the number of open exchanges and 0 after 800 requests that end in 8 ways', async () => {
    const samples: { shown: number; upstream: number; client: number }[] = [];
    const load = { running: true };
    const sampling = (async () => {
      while (load.running) {
        const { in_flight: shown } = await rig.proxy.state();
        samples.push({
          shown,
          upstream: rig.upstream.ledger.open.length,
          client: rig.client.entries.filter((e) => e.endedAt === null).length,
        });
        await pause(100);
      }
    })();
    await rig.client.run(800, 24, (n) => (ENDINGS[n % ENDINGS.length] as (n: number) => LoadRequest)(n));
    load.running = false;
    await sampling;
    await rig.proxy.idle(1_000);
    expect(samples.length).toBeGreaterThan(3);
    // The three are read at slightly different moments: what one side has just ended the others may still count.
    for (const sample of samples) expect(sample.shown, JSON.stringify(sample)).toBeLessThanOrEqual(24 + 8);
    const resources = (await rig.proxy.state()).resources;
    for (const resource of resources) expect(resource['in_flight']).toBe(0);
  });

  it('counts exactly what is open while nothing moves', async () => {
    const open = Array.from({ length: 17 }, (_, i) =>
      rig.client.send({
        body: { model: i % 2 ? 'fault:hang' : 'fault:stall,after=2', stream: true },
        abortWhen: () => false,
        abortAfterMs: 3_000,
      }),
    );
    await until(
      () => rig.upstream.ledger.open.length,
      (n) => n === 17,
    );
    await until(
      () => rig.proxy.state(),
      (s) => s.in_flight === 17,
    );
    const { resources } = await rig.proxy.state();
    expect(resources.reduce((sum, r) => sum + Number(r['in_flight']), 0)).toBe(17);
    await Promise.all(open);
    await rig.proxy.idle(1_000);
  });

  it('leaves no row unfinished', async () => {
    // Not the client's count: one that gives up after 20 ms may never have reached a busy proxy.
    const logged = (): number =>
      rig.proxy.output.split('\n').filter((l) => l.includes('"msg":"request"')).length;
    const answered = rig.client.entries.filter((e) => e.status !== null).length;
    const rows = await until(
      () =>
        rig.history.rows<{ state: string; n: number }>(
          'SELECT state, count(*) AS n FROM requests GROUP BY state',
        ),
      (all) =>
        all.every((r) => r.state !== 'in_progress') && all.reduce((sum, r) => sum + r.n, 0) === logged(),
      { timeoutMs: 15_000, what: 'a finished row for each request' },
    );
    expect(logged()).toBeGreaterThanOrEqual(answered);
    expect(rows.map((r) => r.state).sort()).toEqual(
      expect.arrayContaining(['client_aborted', 'completed', 'failed', 'upstream_error']) as string[],
    );
  });
});
