import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rig, key } from '../support/rig.js';
import { until } from '../support/until.js';

const STREAMS = 1_000;
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({ keys: [key('1'), key('2'), key('3'), key('4')] });
});

afterAll(() => rig.stop());

describe('a thousand streams at once', () => {
  it('are all open together, spread evenly, and all complete', async () => {
    const before = rig.proxy.rssMb();
    const all = Array.from({ length: STREAMS }, () =>
      rig.client.send({ body: { stream: true, model: 'plan:paced,n=12,interval=400' }, keepText: false }),
    );
    const peak = await until(
      () => rig.proxy.state(),
      (s) => s.in_flight === STREAMS,
      { timeoutMs: 15_000 },
    );
    for (const resource of peak.resources) {
      expect(resource['in_flight']).toBeGreaterThanOrEqual(STREAMS / 4 - 1);
      expect(resource['in_flight']).toBeLessThanOrEqual(STREAMS / 4 + 1);
    }
    const added = rig.proxy.rssMb() - before;
    const seen = await Promise.all(all);
    expect(seen.filter((e) => !e.acknowledged || e.error !== null)).toEqual([]);
    expect(added).toBeLessThan(150);
    await rig.proxy.idle();
    await until(
      () => rig.history.rows<{ n: number }>("SELECT count(*) AS n FROM requests WHERE state = 'completed'"),
      (rows) => rows[0]?.n === STREAMS,
      { timeoutMs: 20_000 },
    );
  }, 60_000);
});
