import { afterEach, describe, expect, it } from 'vitest';
import { SocketRig } from '../support/socket-rig.js';
import { until } from '../support/until.js';

let ws: SocketRig;

afterEach(() => ws.stop());

describe('the record of a response over WebSocket', () => {
  it('has both bodies, the decision with every candidate, and counts while it runs', async () => {
    ws = await SocketRig.start();
    const client = await ws.open();
    client.create({ model: 'plan:paced,n=10,interval=30' });
    await until(() => client.frames.length > 2);
    expect(await ws.proxy.state()).toMatchObject({ in_flight: 1, open_sockets: 1 });
    await client.ended();
    expect(await ws.proxy.state()).toMatchObject({ in_flight: 0, open_sockets: 1 });
    const [row] = await ws.rows(1);
    const path = `/admin/requests/${row?.id}`;
    const body = async (direction: string): Promise<string> =>
      (await fetch(`${ws.proxy.url}${path}/body/${direction}`)).text();
    expect(await body('request')).toContain('plan:paced,n=10,interval=30');
    expect(await body('response')).toContain('response.output_text.delta');
    const { decisions, attempts } = await ws.proxy.admin<Record<string, object[]>>(path);
    expect([decisions?.length, attempts?.length]).toEqual([1, 1]);
    expect(decisions?.[0]).toMatchObject({ attempt: 1, candidates: [{}, {}] });
    client.ws.close();
    await until(
      async () => (await ws.proxy.state()) as { open_sockets?: number },
      (state) => state.open_sockets === 0,
    );
    const metrics = await (await fetch(`${ws.proxy.url}/metrics`)).text();
    expect(metrics).toContain('rpx_requests_total{state="completed",transport="websocket"} 1');
  });

  it('says of a response that goes on from the one before it that it is where that one is', async () => {
    ws = await SocketRig.start();
    const client = await ws.open();
    client.create({ prompt_cache_key: 'one' });
    for (let n = 1; n < 4; n += 1) {
      const before = (await client.ended(n)).at(-1)?.['response'] as { id: string };
      client.create({ prompt_cache_key: 'one', previous_response_id: before.id });
    }
    expect((await client.ended(4)).map(({ type }) => type)).toEqual(Array(4).fill('response.completed'));
    await ws.rows(4);
    const { decisions } = await ws.proxy.admin<{ decisions: { reason: string }[] }>('/admin/decisions');
    const later = decisions.filter(({ reason }) => reason === 'connection');
    expect(later).toHaveLength(3);
    for (const decision of later)
      expect(decision).toMatchObject({
        affinity_class: 'hard',
        affinity_kind: 'previous_response_id',
        affinity_result: 'hit',
      });
    client.ws.close();
  });

  it('exists once for each of many, whatever leaves when', async () => {
    ws = await SocketRig.start();
    const clients = await Promise.all(Array.from({ length: 20 }, () => ws.open()));
    for (const [i, client] of clients.entries()) {
      for (let n = 0; n < 10; n++)
        client.create({ stream_id: `lane-${n % 3}`, model: 'plan:paced,n=4,interval=3' });
      if (i % 4 === 3) void client.ended(3).then(() => client.ws.terminate());
    }
    await Promise.all(clients.filter((_, i) => i % 4 !== 3).map((client) => client.ended(10, 20_000)));
    await ws.proxy.idle();
    const rows = await ws.rows(200);
    expect(rows.length).toBe(200);
    const completed = rows.filter((r) => r.state === 'completed');
    expect(rows.filter((r) => !['completed', 'client_aborted'].includes(r.state))).toEqual([]);
    expect(completed.length).toBeGreaterThanOrEqual(165);
    expect(new Set(completed.map((r) => r.response_id)).size).toBe(completed.length);
    const told = new Map(ws.up.creates.map((c) => [c.responseId, c.usage?.total_tokens]));
    expect(completed.every((r) => told.get(r.response_id) === r.total_tokens)).toBe(true);
    for (const client of clients) client.ws.close();
  });
});
