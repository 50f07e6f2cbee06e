import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { connect } from 'node:net';
import { rawRequest } from '../support/raw-http.js';
import type { SocketPool } from '../support/socket-pool.js';
import { SocketRig, UPGRADE } from '../support/socket-rig.js';
import { until } from '../support/until.js';

describe('limits of an open connection', () => {
  let ws: SocketRig;
  let pool: SocketPool;

  beforeAll(async () => {
    ws = await SocketRig.pooled(13, 2, {
      env: {
        PROXY_WEBSOCKET_MAX_MESSAGE_BYTES: '20000',
        PROXY_WEBSOCKET_MAX_FRAGMENTS: '4',
        PROXY_FIRST_BYTE_TIMEOUT_SECONDS: '0.5',
        PROXY_IDLE_TIMEOUT_SECONDS: '0.5',
      },
    });
  });
  beforeEach(() => void (pool = ws.pool()));
  afterAll(() => ws.stop());

  it('a message that is too large, or in too many pieces, ends it', async () => {
    const large = await pool.open();
    large.ws.send('x'.repeat(20_001));
    expect((await large.untilClosed()).code).toBe(1009);
    const pieces = await pool.open();
    for (let i = 0; i < 9; i++) pieces.ws.send('x', { fin: false });
    expect((await pieces.untilClosed()).code).toBe(1008);
    await until(() => pool.connections.every((c) => c.closed !== null));
  });

  it('bytes that are no frames, and floods of pings, end that connection and nothing else', async () => {
    const well = await pool.open();
    const raw = connect(ws.proxy.port, '127.0.0.1');
    raw.on('error', () => undefined);
    raw.write(rawRequest('GET', '/v1/responses', [...UPGRADE, `x-proxy-pool-id: ${pool.name}`]));
    await until(() => pool.connections.length === 2);
    raw.write(Buffer.from([0xff, 0xff, 0xff, 0xff, 0x00, 0x81, 0x05]));
    await until(() => pool.connections[1]?.closed !== null);
    const flood = await pool.open();
    for (let i = 0; i < 2_000; i++) flood.ws.ping();
    await flood.untilClosed();
    let pongs = 0;
    well.ws.on('pong', () => (pongs += 1));
    for (let i = 0; i < 20; i++) well.ws.ping();
    well.create({});
    await well.ended();
    expect(pongs).toBe(20);
    expect(pool.connections[0]?.pings).toBe(0);
    well.ws.close();
  });

  it('the upstream’s oversize message is 1011 for the client', async () => {
    const client = await pool.open();
    client.create({ model: 'plan:big,bytes=40000' });
    expect((await client.untilClosed()).code).toBe(1011);
    expect((await pool.rows(1))[0]?.state).toBe('upstream_error');
  });

  it.each([
    ['of an unknown kind', '8300'],
    ['that is masked, as only a client’s may be', '81810102030479'],
    ['with compression nobody agreed on', 'c10178'],
    ['of text that is not UTF-8', '8102c328'],
    ['that claims 4 GB', '817f0000000100000000'],
    ['that goes on from nothing', '800178'],
    ['that closes with half a code', '880103'],
  ])('a frame of the upstream %s is 1011 for the client, and no crash', async (_, hex) => {
    const before = ws.proxy.pid;
    const client = await pool.open();
    client.create({ model: `fault:ws_raw,hex=${hex}` });
    expect((await client.untilClosed()).code).toBe(1011);
    const [row] = await pool.rows(1);
    expect(row).toMatchObject({ state: 'upstream_error', error_code: 'upstream_connection_lost' });
    expect([ws.proxy.pid, ws.proxy.output]).toEqual([before, expect.not.stringMatching(/unhandled/i)]);
  });

  it('five answers of one key that break off put it aside', async () => {
    // Open beforehand: after two of them the session's next connection goes elsewhere.
    const clients = [];
    for (let n = 0; n < 5; n++) clients.push(await pool.open({ 'session-id': 'broken' }));
    for (const client of clients) {
      client.create({ model: 'fault:ws_raw,hex=8300' });
      await client.untilClosed();
    }
    const rows = await pool.rows(5);
    expect(new Set(rows.map(({ resource_id }) => resource_id)).size).toBe(1);
    const owner = (await ws.proxy.state()).resources.find(({ id }) => id === rows[0]?.resource_id);
    expect(owner?.['health']).toMatchObject({ status: 'unhealthy', reason: 'server_errors' });
  });

  it('a flood of the upstream’s pings neither ends the process nor reaches the client', async () => {
    const client = await pool.open();
    let pings = 0;
    client.ws.on('ping', () => (pings += 1));
    client.create({ model: 'fault:ws_raw,hex=8900,times=20000,on=1' });
    await until(() => client.closed !== null || client.ends().length > 0);
    expect(pings).toBe(0);
    const other = await pool.open();
    other.create({});
    expect((await other.ended())[0]?.type).toBe('response.completed');
    client.ws.terminate();
    other.ws.close();
  });

  it('a silent upstream is a timeout', async () => {
    for (const model of ['fault:ws_silent', 'fault:ws_stall']) {
      const client = await pool.open();
      client.create({ model });
      expect((await client.untilClosed()).code).toBe(1011);
    }
    expect((await pool.rows(2)).map((r) => [r.state, r.error_code])).toEqual([
      ['timeout', 'upstream_first_byte_timeout'],
      ['timeout', 'upstream_idle_timeout'],
    ]);
  });
});

describe('limits of an open connection that others would feel', () => {
  it('idle for too long is closed with 1001, with an open response it is not idle', async () => {
    const ws = await SocketRig.start({ env: { PROXY_WEBSOCKET_IDLE_TIMEOUT_SECONDS: '0.5' } });
    const client = await ws.open();
    client.create({ model: 'plan:paced,n=20,interval=100' });
    await client.ended();
    expect(client.closed).toBeNull();
    expect(await client.untilClosed()).toEqual({ code: 1001, reason: 'idle' });
    await ws.stop();
  });

  it('a client that does not read holds the upstream back', async () => {
    const ws = await SocketRig.start({ env: { PROXY_WEBSOCKET_MAX_BUFFERED_BYTES: '65536' } });
    const client = await ws.open();
    client.ws.pause();
    client.create({ model: 'plan:big,bytes=24000000,n=400' });
    await until(() => (ws.up.last?.ws.bufferedAmount ?? 0) > 5_000_000);
    expect(ws.proxy.rssMb()).toBeLessThan(260);
    client.ws.resume();
    await client.ended(1, 20_000);
    expect(Buffer.concat(client.frames).equals(Buffer.concat(ws.up.last.sent))).toBe(true);
    client.ws.close();
    await ws.stop();
  });
});
