import { randomBytes } from 'node:crypto';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { key } from '../support/rig.js';
import { SocketRig, UPGRADE } from '../support/socket-rig.js';
import { until } from '../support/until.js';

let ws: SocketRig;

afterEach(() => ws.stop());

/** The head and some of the payload of a masked text frame of `length` bytes. */
function partOfFrame(length: number, part: number): Buffer {
  const head = Buffer.alloc(10);
  head[0] = 0x81;
  head[1] = 0x80 | 127;
  head.writeBigUInt64BE(BigInt(length), 2);
  return Buffer.concat([head, randomBytes(4), Buffer.alloc(part)]);
}

async function upgraded(): Promise<RawClient> {
  const raw = await RawClient.open(ws.proxy.port);
  raw.send(rawRequest('GET', '/v1/responses', UPGRADE));
  await raw.untilText(/^HTTP\/1.1 101[^]*\r\n\r\n/);
  return raw;
}

describe('half a message', () => {
  it('counts as memory: connections that hold too much of it together are closed, others go on', async () => {
    ws = await SocketRig.start({ env: { PROXY_MAX_BUFFERED_BYTES: '1000000' } });
    const client = await ws.open();
    const holders = await Promise.all([1, 2, 3].map(() => upgraded()));
    for (const holder of holders) holder.send(partOfFrame(4_000_000, 450_000));
    await until(() => holders.filter((one) => one.ended || one.text.includes('overloaded')).length >= 1);
    expect(holders.filter((one) => one.text.includes('overloaded')).length).toBe(1);
    const [row] = await ws.rows(1);
    expect(row).toMatchObject({ state: 'rejected', error_code: 'overloaded' });
    for (const holder of holders) holder.destroy();
    await until(async () => {
      const before = client.ends().length;
      client.create({ input: 'x'.repeat(300_000) });
      return (await client.ended(before + 1)).at(-1)?.type === 'response.completed';
    });
    client.ws.close();
    await ws.proxy.idle();
  });
});

describe('creates that wait while their connection moves', () => {
  it('are written down when the process stops first', async () => {
    ws = await SocketRig.start({
      keys: [key('a'), key('b')],
      env: { PROXY_WEBSOCKET_HANDSHAKE_TIMEOUT_SECONDS: '20', PROXY_DRAIN_TIMEOUT_SECONDS: '0.2' },
    });
    const stored = await ws.rig.client.send({ body: {} });
    const owner = ws.rig.upstream.ledger.last().key ?? '';
    const client = await until(
      () => ws.open(),
      (one) => {
        if (ws.up.last.key === owner) one.ws.close();
        return ws.up.last.key !== owner;
      },
    );
    ws.up.faults.set(owner, 'hang');
    const tcp = Reflect.get(client.ws, '_socket') as Socket;
    tcp.cork();
    client.create({ previous_response_id: stored.responseId });
    client.create({ previous_response_id: stored.responseId });
    tcp.uncork();
    const before = ws.up.upgrades.length;
    await until(() => ws.up.upgrades.length > before);
    await ws.proxy.stop();
    const rows = await ws.rows(3);
    expect(rows.slice(1).map((row) => [row.state, row.error_code])).toEqual([
      ['interrupted', 'server_shutdown'],
      ['interrupted', 'server_shutdown'],
    ]);
  });
});
