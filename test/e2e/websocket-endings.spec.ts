import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { inPool } from '../support/rig.js';
import { demand, quantile, size, within } from '../support/release.js';
import type { SocketPool } from '../support/socket-pool.js';
import { SocketRig } from '../support/socket-rig.js';
import { until } from '../support/until.js';

const DRAINED = 'p12';
let ws: SocketRig;
let pool: SocketPool;

beforeAll(async () => {
  ws = await SocketRig.pooled(13, 2, { env: { PROXY_ON_DISCONNECT_POOLS: `${DRAINED}=drain` } });
});
beforeEach(() => void (pool = ws.pool()));
afterAll(() => ws.stop());

describe('endings', () => {
  it.each([
    ['a reset', 'fault:ws_close,after=3', 1011, 'upstream_error', 'upstream_connection_lost'],
    ['1000', 'fault:ws_close,after=3,code=1000', 1000, 'incomplete', 'incomplete_stream'],
    ['1011', 'fault:ws_close,after=3,code=1011', 1011, 'incomplete', 'incomplete_stream'],
    ['1012', 'fault:ws_close,after=3,code=1012', 1012, 'incomplete', 'incomplete_stream'],
    [
      '4000, before it began',
      'fault:ws_close,after=0,code=4000',
      4000,
      'upstream_error',
      'upstream_connection_lost',
    ],
  ])('upstream %s in the middle of a response', async (_, model, code, state, error_code) => {
    const client = await pool.open();
    client.create({ model });
    expect((await client.untilClosed()).code).toBe(code);
    const [row] = await pool.rows(1);
    expect(row).toMatchObject({
      state,
      error_code,
      error_message: expect.stringMatching(/closed the WebSocket \(/),
    });
    const attempts = await ws.rig.history.rows<{ class: string }>(
      `SELECT class FROM attempts WHERE request_id = '${row?.id}'`,
    );
    expect(attempts).toEqual([{ class: 'D' }]);
    await ws.proxy.idle();
  });

  it('a client that leaves stops the upstream within 500 ms, and its responses are client_aborted', async () => {
    for (const how of ['close', 'terminate'] as const) {
      const client = await pool.open();
      client.create({ model: 'plan:paced,n=500,interval=20' });
      await until(() => client.frames.length > 3);
      const at = Date.now();
      client.ws[how]();
      await until(() => pool.last.closed !== null);
      expect((pool.last.closed?.at ?? 0) - at).toBeLessThanOrEqual(500);
      await ws.proxy.idle(1_000);
    }
    expect((await pool.rows(2)).map((r) => [r.state, r.total_tokens])).toEqual(
      [0, 1].map(() => ['client_aborted', null]),
    );
  });

  it('many clients that leave stop many responses', async () => {
    const total = size(50, 1_000);
    const took: number[] = [];
    let started = 0;
    const lane = async (): Promise<void> => {
      while (started < total) {
        const session = `gone-${(started += 1)}`;
        const client = await pool.open();
        client.create({ model: 'plan:paced,n=2000,interval=20', prompt_cache_key: session });
        await until(() => client.frames.length > 3, { timeoutMs: 20_000 });
        const mine = pool.connections.find((c) =>
          c.creates.some(({ json }) => json['prompt_cache_key'] === session),
        );
        const at = Date.now();
        client.ws.terminate();
        await until(() => mine?.closed != null, { what: 'upstream close' });
        took.push((mine?.closed?.at ?? Infinity) - at);
      }
    };
    await Promise.all(Array.from({ length: 10 }, lane));
    demand('R13', 'aborts over WebSocket that the upstream saw', took.length, { exactly: total });
    demand('R13', 'abort to upstream close over WebSocket, p99, ms', quantile(took, 0.99), within(500));
    await ws.proxy.idle();
  }, 300_000);

  it('a client that leaves during the handshake stops that, too', async () => {
    pool.refuseAll('hang');
    const url = `${ws.proxy.url.replace('http', 'ws')}/v1/responses`;
    const leaving = new WebSocket(url, { headers: inPool(pool.name) });
    leaving.on('error', () => undefined);
    await until(() => pool.upgrades() === 1);
    leaving.terminate();
    await ws.proxy.idle(1_000);
    expect((await pool.rows(1))[0]?.state).toBe('client_aborted');
  });

  it('of a pool with drain is heard out for its usage', async () => {
    pool = ws.pool(DRAINED);
    const client = await pool.open();
    client.create({ model: 'plan:paced,n=12,interval=25' });
    await until(() => client.frames.length > 3);
    client.ws.terminate();
    await until(() => pool.last.closed !== null);
    const [row] = await pool.rows(1);
    expect(row).toMatchObject({
      state: 'client_aborted',
      total_tokens: pool.creates[0]?.usage?.total_tokens,
    });
  });

  it('kill -9 leaves interrupted rows for what ran and whole ones for what had ended', async () => {
    const client = await pool.open();
    client.create({});
    await client.ended();
    client.create({ model: 'plan:paced,n=500,interval=20' });
    await until(() => client.ends().length === 1 && client.frames.length > 14);
    await ws.proxy.kill9();
    await ws.proxy.restart();
    const all = await pool.rows(2);
    expect(all.map((r) => r.state)).toEqual(['completed', 'interrupted']);
  });
});

describe('SIGTERM', () => {
  it('closes idle connections with 1012, others behind their response, and takes nothing new', async () => {
    const idle = await pool.open();
    const busy = await pool.open();
    busy.create({ model: 'plan:paced,n=30,interval=40' });
    await until(() => busy.frames.length > 3);
    ws.proxy.signal('SIGTERM');
    expect((await idle.untilClosed()).code).toBe(1012);
    expect((await pool.refused()).status).toBe(503);
    busy.create({});
    const ends = await busy.ended(2);
    expect(ends.map((e) => e.type)).toEqual(['error', 'response.completed']);
    expect((await busy.untilClosed()).code).toBe(1012);
    expect(await ws.proxy.exited).toBe(0);
  });

  it('interrupts what runs longer than the limit, and says so', async () => {
    await ws.proxy.restart({ env: { PROXY_DRAIN_TIMEOUT_SECONDS: '0.5' } });
    const client = await pool.open();
    client.create({ model: 'plan:paced,n=2000,interval=20' });
    await until(() => client.frames.length > 3);
    ws.proxy.signal('SIGTERM');
    expect((await client.untilClosed()).code).toBe(1012);
    expect(client.events.at(-1)).toMatchObject({
      type: 'error',
      status: 503,
      error: { code: 'server_shutdown' },
    });
    expect(await ws.proxy.exited).toBe(0);
    expect((await pool.rows(1)).map((r) => r.state)).toEqual(['interrupted']);
  });
});
