import { afterEach, describe, expect, it } from 'vitest';
import { Codex } from '../support/codex.js';
import { key } from '../support/rig.js';
import { describeWith } from '../support/skip.js';
import { SocketRig } from '../support/socket-rig.js';
import { until } from '../support/until.js';

let ws: SocketRig;

afterEach(() => ws.stop());

/** From now on the key is refused so, a bad one to probes, too. */
function refuse(owner: string, fault: string): void {
  ws.rig.upstream.faults.set(owner, fault, { on: 'socket' });
  if (fault.includes('status=401')) ws.rig.upstream.faults.set(owner, 'fault:401', { on: 'models' });
}

const other = (one: string): string => (one === 'sk-test-a' ? 'sk-test-b' : 'sk-test-a');

/** A connection that has had a response, and the key it goes to, whose next answer is `fault`. */
async function turned(fault: string, fields: object = {}): Promise<{ owner: string; client: Client }> {
  const client = await ws.open();
  client.create(fields);
  await client.ended();
  const owner = ws.up.last.key;
  refuse(owner, fault);
  return { owner, client };
}

type Client = Awaited<ReturnType<SocketRig['open']>>;

describe('a key that is refused in the middle of a connection', () => {
  it.each([
    ['no quota left', 'ws_error,status=429,code=insufficient_quota', 'insufficient_quota'],
    ['no usage left, without a status', 'ws_error,status=0,code=usage_limit_reached', 'insufficient_quota'],
    ['no quota, as a response', 'ws_failed,code=insufficient_quota', 'insufficient_quota'],
    ['a pause', 'ws_error,status=429,code=rate_limit_exceeded', 'rate_limited'],
    ['a bad key', 'ws_error,status=401,code=invalid_api_key', 'invalid_key'],
    ['a key that may not', 'ws_error,status=403,code=unsupported_country', 'forbidden'],
  ])('is left while another can serve: %s', async (_, fault, reason) => {
    ws = await SocketRig.start({ keys: [key('a'), key('b')] });
    const { owner, client } = await turned(fault);
    client.create({});
    expect((await client.untilClosed()).code).toBe(1012);
    expect(client.ends().map((e) => e.type)).toEqual(['response.completed']);
    const again = await ws.open();
    again.create({});
    expect((await again.ended())[0]?.type).toBe('response.completed');
    expect(ws.up.last.key).toBe(other(owner));
    const rows = await ws.rows(3);
    const state = fault.includes('status=4') ? 'upstream_error' : 'failed';
    expect(rows.map((row) => row.state)).toEqual(['completed', state, 'completed']);
    const { resources } = await ws.proxy.state();
    expect(JSON.stringify(resources)).toContain(reason);
    again.ws.close();
    await ws.proxy.idle();
  });

  it('is told of when no other can serve', async () => {
    ws = await SocketRig.start({ keys: [key('a'), key('b')] });
    ws.rig.upstream.faults.set('*', 'ws_error,status=429,code=insufficient_quota', { on: 'socket' });
    const first = await ws.open();
    first.create({});
    expect((await first.untilClosed()).code).toBe(1012);
    const second = await ws.open();
    second.create({});
    expect((await second.ended())[0]).toMatchObject({ status: 429, error: { code: 'insufficient_quota' } });
    expect(second.closed).toBe(null);
    expect(new Set(ws.up.creates.map((create) => create.key)).size).toBe(2);
    second.ws.close();
  });

  it('is told of when the request belongs to it', async () => {
    ws = await SocketRig.start({ keys: [key('a'), key('b')] });
    const { client } = await turned('ws_error,status=429,code=insufficient_quota', { store: true });
    const response = client.ends()[0]?.['response'] as { id: string };
    client.create({ previous_response_id: response.id });
    expect((await client.ended(2))[1]).toMatchObject({ status: 429 });
    client.ws.close();
  });

  it('is told of what is wrong with the request itself', async () => {
    ws = await SocketRig.start({ keys: [key('a'), key('b')] });
    const { client } = await turned('ws_error,status=429,code=rate_limit_exceeded');
    client.create({});
    await client.untilClosed();
    const second = await ws.open();
    second.create({ model: 'fault:ws_error,status=400,code=invalid_prompt' });
    expect((await second.ended())[0]).toMatchObject({ status: 400 });
    expect(second.closed).toBe(null);
    second.ws.close();
  });

  it('is told of while another response of the connection runs', async () => {
    ws = await SocketRig.start({ keys: [key('a'), key('b')] });
    const client = await ws.open();
    client.create({ model: 'plan:paced,n=500,interval=20', stream_id: 'one' });
    await until(() => client.frames.length > 3);
    ws.rig.upstream.faults.set('*', 'ws_error,status=401,code=invalid_api_key', { on: 'socket' });
    client.create({ stream_id: 'two' });
    expect((await client.ended())[0]).toMatchObject({ type: 'error', status: 401, stream_id: 'two' });
    expect(client.closed).toBe(null);
    client.ws.terminate();
  });
});

describeWith(Codex.available(), 'the Codex CLI (@openai/codex)')('the real Codex CLI over WebSocket', () => {
  it.each([
    ['no quota left', 'ws_error,status=429,code=insufficient_quota'],
    ['a bad key', 'ws_error,status=401,code=invalid_api_key'],
  ])(
    'ends its turn on the other key: %s',
    async (_, fault) => {
      ws = await SocketRig.start({ keys: [key('a', 'org-a'), key('b', 'org-a')] });
      const codex = new Codex([`openai_base_url="${ws.proxy.v1}"`]);
      const running = codex.exec(['call:exec_command {"cmd":"sleep 3; echo on-it"}']);
      const asked = await until(
        () => ws.up.creates.find(({ json }) => json['generate'] !== false),
        (create) => create !== undefined,
        { timeoutMs: 40_000 },
      );
      const owner = asked?.key ?? '';
      refuse(owner, fault);
      const result = await running;
      expect(result.code, `${result.stderr}\n${result.stdout}`).toBe(0);
      expect(result.lastMessage).toContain('on-it');
      expect(ws.up.last.key).toBe(other(owner));
      expect(ws.rig.upstream.ledger.creates.length).toBe(0);
      codex.dispose();
    },
    90_000,
  );
});
