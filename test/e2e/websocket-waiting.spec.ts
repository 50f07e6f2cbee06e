import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { RawClient, rawRequest } from '../support/raw-http.js';
import { key } from '../support/rig.js';
import type { SocketClient } from '../support/socket-client.js';
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
    // Before that their bytes still count, and it would be this connection that holds too much.
    await until(() => ws.up.connections.filter(({ closed }) => closed !== null).length === holders.length, {
      what: 'the holders given up',
    });
    client.create({ input: 'x'.repeat(300_000) });
    expect((await client.ended(1)).at(-1)?.type).toBe('response.completed');
    client.ws.close();
    await ws.proxy.idle();
  });
});

describe('creates that wait while their connection moves', () => {
  /** A connection to another key than that of a stored response, where no handshake comes to an end. */
  async function beside(): Promise<{ stored: string; owner: string; client: SocketClient }> {
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
    return { stored: stored.responseId ?? '', owner, client };
  }

  it('are refused, and the close of the upstream that was left meanwhile is told as it was', async () => {
    const { stored, owner, client } = await beside();
    const left = ws.up.last;
    const before = ws.up.upgrades.length;
    client.create({ previous_response_id: stored });
    await until(() => ws.up.upgrades.length > before);
    left.ws.close(4001, 'because');
    await until(() => left.closed !== null);
    ws.up.faults.set(owner, 401);
    ws.up.upgrades.at(-1)?.req.socket.destroy();
    expect(await client.untilClosed()).toEqual({ code: 4001, reason: 'because' });
    expect(client.ends()).toMatchObject([{ type: 'error' }]);
  });

  it('are written down when the process stops first', async () => {
    const { stored, client } = await beside();
    const tcp = Reflect.get(client.ws, '_socket') as Socket;
    tcp.cork();
    client.create({ previous_response_id: stored });
    client.create({ previous_response_id: stored });
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

const LONG = { model: 'plan:paced,n=60,interval=20' };
const CAP = { OPENAI_RESOURCE_MAX_CONCURRENCY: '1' };

/** Two connections that have each had a response from the same key, and the id of the second one's. */
async function twoOnOneKey(): Promise<{
  one: SocketClient;
  two: SocketClient;
  previous: string;
  owner: string;
}> {
  const served = async (): Promise<SocketClient> => {
    const client = await ws.open();
    client.create({});
    await client.ended();
    return client;
  };
  const one = await served();
  const owner = ws.up.last.key;
  const two = await until(served, (client) => {
    if (ws.up.last.key !== owner) client.ws.close();
    return ws.up.last.key === owner;
  });
  const response = two.ends()[0]?.['response'] as { id: string } | undefined;
  return { one, two, previous: response?.id ?? '', owner };
}

async function running(client: SocketClient): Promise<void> {
  const before = client.frames.length;
  client.create(LONG);
  await until(() => client.frames.length > before + 2);
}

describe('a later create of a connection whose key is at its cap', () => {
  it('waits for a place there when it goes on from a response of the connection', async () => {
    ws = await SocketRig.start({ keys: [key('a')], env: { ...CAP, PROXY_WAIT_BUDGET_SECONDS: '20' } });
    const { one, two, previous } = await twoOnOneKey();
    await running(one);
    const sent = ws.up.creates.length;
    two.create({ previous_response_id: previous });
    two.create({});
    await one.ended(2, 15_000);
    expect((await two.ended(3, 20_000)).map(({ type }) => type)).toEqual(Array(3).fill('response.completed'));
    expect(ws.up.creates.length).toBe(sent + 2);
    await ws.rows(5);
    const { decisions } = await ws.proxy.admin<{ decisions: { reason: string; waited_ms: number }[] }>(
      '/admin/decisions',
    );
    const waited = decisions.filter(({ reason, waited_ms }) => reason === 'connection' && waited_ms > 0);
    expect(waited.length).toBeGreaterThanOrEqual(1);
    for (const client of [one, two]) client.ws.close();
    await ws.proxy.idle();
  });

  it('is told to come back when the wait is over, and nothing was sent', async () => {
    ws = await SocketRig.start({ keys: [key('a')], env: { ...CAP, PROXY_WAIT_BUDGET_SECONDS: '0.2' } });
    const { one, two, previous } = await twoOnOneKey();
    await running(one);
    const sent = ws.up.creates.length;
    two.create({ previous_response_id: previous });
    expect((await two.ended(2))[1]).toMatchObject({
      type: 'error',
      status: 503,
      error: { code: 'no_available_resources', message: expect.stringContaining('at_capacity') },
      headers: { 'retry-after': '1', 'x-should-retry': 'true' },
    });
    expect([ws.up.creates.length, two.closed]).toEqual([sent, null]);
    await one.ended(2);
    two.create({ previous_response_id: previous });
    expect((await two.ended(3))[2]?.type).toBe('response.completed');
    const rows = await ws.rows(5);
    expect(rows.map(({ state }) => state).sort()).toEqual([...Array(4).fill('completed'), 'rejected']);
    for (const client of [one, two]) client.ws.close();
    await ws.proxy.idle();
  });

  it('goes to another key, unseen, when it goes on from nothing', async () => {
    ws = await SocketRig.start({
      keys: [key('a'), key('b')],
      env: { OPENAI_RESOURCE_MAX_CONCURRENCY: '1,1' },
    });
    const { one, two, owner } = await twoOnOneKey();
    await running(one);
    two.create({});
    expect((await two.ended(2))[1]?.type).toBe('response.completed');
    expect(one.ends()).toHaveLength(1);
    expect(ws.up.last.key).not.toBe(owner);
    for (const client of [one, two]) client.ws.terminate();
    await ws.proxy.idle();
  });

  it('that waits is forgotten with its client', async () => {
    ws = await SocketRig.start({ keys: [key('a')], env: { ...CAP, PROXY_WAIT_BUDGET_SECONDS: '20' } });
    const { one, two, previous } = await twoOnOneKey();
    await running(one);
    two.create({ previous_response_id: previous });
    // What came before a ping has been read when it is answered.
    two.ws.ping();
    await once(two.ws, 'pong');
    two.ws.terminate();
    await one.ended(2);
    const rows = await ws.rows(4);
    expect(rows.at(-1)).toMatchObject({ state: 'client_aborted' });
    one.ws.close();
    await ws.proxy.idle();
  });
});
