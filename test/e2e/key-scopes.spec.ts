import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rig, key } from '../support/rig.js';

const KEYS = [key('a'), key('b'), key('c')];
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({ keys: KEYS });
});

afterAll(() => rig.stop());

const models = () => rig.client.send({ method: 'GET', path: '/v1/models', body: null });
const codeOf = (text: string): string => (JSON.parse(text) as { error: { code: string } }).error.code;

describe('keys that may run the model and not list models', () => {
  it('serve on after a client has asked for the models', async () => {
    rig.upstream.faults.set('*', 'fault:missing_scope', { on: 'models' });
    const asked = await models();
    expect([asked.status, codeOf(asked.text)]).toEqual([403, 'missing_scope']);
    const used = new Set<string | null>();
    for (let i = 0; i < 30; i += 1) {
      const seen = await rig.client.send({ body: {} });
      expect(seen.status, seen.text).toBe(200);
      used.add(rig.upstream.ledger.last().key);
    }
    expect(used.size).toBe(KEYS.length);
    rig.upstream.faults.clear();
  });

  it('leave the listing to one that may', async () => {
    for (const { key: bad } of KEYS.slice(0, 2))
      rig.upstream.faults.set(bad, 'fault:missing_scope', { on: 'models' });
    for (let i = 0; i < 6; i += 1) expect((await models()).status).toBe(200);
    rig.upstream.faults.clear();
  });
});

describe('every key is rate limited', () => {
  it('a new request hears 429 with the time of the first that is free, and nothing is sent', async () => {
    rig.upstream.faults.set('*', 'fault:429,retry=9');
    await rig.client.send({ body: {} });
    const before = rig.upstream.ledger.creates.length;
    const seen = await rig.client.send({ body: {} });
    expect([seen.status, codeOf(seen.text)]).toEqual([429, 'upstream_rate_limited']);
    expect(Number(seen.headers['retry-after'])).toBeGreaterThanOrEqual(1);
    expect(Number(seen.headers['retry-after'])).toBeLessThanOrEqual(9);
    expect(rig.upstream.ledger.creates.length).toBe(before);
    rig.upstream.faults.clear();
  });
});
