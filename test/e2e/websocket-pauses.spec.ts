import { afterEach, describe, expect, it } from 'vitest';
import { key } from '../support/rig.js';
import type { SocketClient } from '../support/socket-client.js';
import { SocketRig } from '../support/socket-rig.js';
import { until } from '../support/until.js';

let ws: SocketRig;

afterEach(() => ws.stop());

/** A connection that has had a response, the id of that, and the key it goes to. */
async function served(): Promise<{ client: SocketClient; previous: string; owner: string }> {
  const client = await ws.open();
  client.create({});
  const [end] = await client.ended();
  const response = end?.['response'] as { id: string } | undefined;
  return { client, previous: response?.id ?? '', owner: ws.up.last.key ?? '' };
}

/** The upstream asks for a pause of that key, in an answer to somebody else. Answers when it did. */
async function paused(owner: string, seconds: number): Promise<number> {
  ws.rig.upstream.faults.set(owner, `fault:429,retry=${seconds}`, { times: 1 });
  const asked: Promise<unknown>[] = [];
  await until(
    () => {
      asked.push(ws.rig.client.send({ body: {} }));
      return ws.rig.upstream.ledger.creates.some(({ fault }) => fault === '429');
    },
    Boolean,
    { everyMs: 50, what: 'the 429' },
  );
  const backAt = async (): Promise<number | null> => {
    const { resources } = await ws.proxy.state();
    const health = resources.map((one) => one['health'] as { until: number | null });
    return health.find(({ until: end }) => end !== null)?.until ?? null;
  };
  const end = await until(backAt, (at) => at !== null, { what: 'the pause' });
  await (seconds > 30 ? Promise.all(asked) : null);
  return end ?? 0;
}

describe('an open connection whose key was asked to pause', () => {
  it('sends nothing before the pause is over, and is served then', async () => {
    ws = await SocketRig.start({ keys: [key('a')], env: { PROXY_WAIT_BUDGET_SECONDS: '10' } });
    const { client, previous, owner } = await served();
    const sent = ws.up.creates.length;
    const backAt = await paused(owner, 2);
    client.create({ previous_response_id: previous });
    const ends = await client.ended(2, 10_000);
    expect(ends[1]?.type).toBe('response.completed');
    expect(Date.now()).toBeGreaterThanOrEqual(backAt);
    expect(ws.up.creates.length).toBe(sent + 1);
    client.ws.close();
    await ws.proxy.idle();
  });

  it('says so, and when to come back, where nobody else could serve it either', async () => {
    ws = await SocketRig.start({ keys: [key('a')] });
    const { client, previous, owner } = await served();
    const sent = ws.up.creates.length;
    await paused(owner, 40);
    for (const body of [{ previous_response_id: previous }, {}]) client.create(body);
    const [, ...refused] = await client.ended(3);
    for (const one of refused) {
      expect(one).toMatchObject({
        type: 'error',
        status: 429,
        error: { code: 'upstream_rate_limited', message: expect.stringContaining('cooling') },
        headers: { 'retry-after': expect.stringMatching(/^(3\d|40)$/), 'x-should-retry': 'true' },
      });
    }
    expect([ws.up.creates.length, client.closed]).toEqual([sent, null]);
    client.ws.close();
    await ws.proxy.idle();
  });

  it('asks for all of it, without the reference, where another key could serve that, and that key does', async () => {
    ws = await SocketRig.start({ keys: [key('a'), key('b')] });
    const { client, previous, owner } = await served();
    await paused(owner, 600);
    const sent = ws.up.creates.length;
    client.create({ previous_response_id: previous });
    expect((await client.ended(2))[1]).toMatchObject({
      type: 'error',
      status: 400,
      error: { code: 'previous_response_not_found', param: 'previous_response_id' },
    });
    expect([ws.up.creates.length, client.closed]).toEqual([sent, null]);
    client.create({});
    expect((await client.ended(3))[2]?.type).toBe('response.completed');
    expect(ws.up.last.key).not.toBe(owner);
    client.ws.close();
    await ws.proxy.idle();
  });

  it('goes elsewhere with its first create, when the pause came after the handshake', async () => {
    ws = await SocketRig.start({ keys: [key('a'), key('b')] });
    const client = await ws.open();
    const owner = ws.up.last.key ?? '';
    await paused(owner, 600);
    client.create({});
    expect((await client.ended(1))[0]?.type).toBe('response.completed');
    expect(ws.up.last.key).not.toBe(owner);
    client.ws.close();
    await ws.proxy.idle();
  });
});
