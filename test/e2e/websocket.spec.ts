import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { SocketPool } from '../support/socket-pool.js';
import { SocketRig } from '../support/socket-rig.js';
import { until } from '../support/until.js';

let ws: SocketRig;
let pool: SocketPool;

beforeAll(async () => {
  ws = await SocketRig.pooled(6, 2);
});
beforeEach(() => void (pool = ws.pool()));
afterAll(() => ws.stop());

describe('the WebSocket relay', () => {
  it('passes messages byte for byte and in order both ways, and records each response', async () => {
    ws.up.acceptHeaders = { 'x-codex-turn-state': 'ts-1', 'x-models-etag': 'e1', 'set-cookie': 'a=b' };
    const client = await pool.open({
      'session-id': 'ws-1',
      cookie: 'x=y',
      'openai-beta': 'responses_websockets=2026-02-06',
    });
    expect(client.headers).toMatchObject({ 'x-codex-turn-state': 'ts-1', 'x-models-etag': 'e1' });
    expect(client.headers['set-cookie']).toBeUndefined();
    expect(client.headers['sec-websocket-extensions']).toBeUndefined();
    expect(pool.last.req.headers).toMatchObject({
      authorization: `Bearer ${pool.last.key}`,
      'session-id': 'ws-1',
      'openai-beta': 'responses_websockets=2026-02-06',
    });
    expect(pool.last.req.headers.cookie).toBeUndefined();
    expect(pool.last.req.headers['sec-websocket-extensions']).toBeUndefined();
    const odd = ' { "type" :"response.create","model":"gpt-5.5",\n "input":"ünï😀","store":false}';
    client.ws.send(odd);
    const [done] = await client.ended();
    client.ws.send('{"type":"something.new","x":1}');
    client.ws.send(Buffer.from('{"type":"binary"}'), { binary: true });
    await until(() => client.frames.length >= pool.last.sent.length && pool.last.received.length === 3);
    expect(pool.last.received[0]?.toString()).toBe(odd);
    expect(pool.last.binary).toEqual([false, false, true]);
    await until(() => client.frames.length === pool.last.sent.length);
    expect(Buffer.concat(client.frames).equals(Buffer.concat(pool.last.sent))).toBe(true);
    const [row] = await pool.rows(1);
    const [create] = pool.creates;
    expect(row).toMatchObject({
      id: client.headers['x-proxy-request-id'],
      state: 'completed',
      transport: 'websocket',
      method: 'WS',
      path: '/v1/responses',
      status_code: 200,
      session_id: 'ws-1',
      model: 'gpt-5.5',
      response_id: (done as { response?: { id?: string } }).response?.id,
      total_tokens: create?.usage?.total_tokens,
      cached_tokens: create?.usage?.input_tokens_details.cached_tokens,
      request_bytes: Buffer.byteLength(odd),
      attempt_count: 1,
    });
    client.ws.close(1000);
    await until(() => pool.last.closed !== null);
    expect(pool.last.closed?.code).toBe(1000);
    await ws.proxy.idle();
  });

  it('a warm-up and a tool turn on one connection are a row each, on one key', async () => {
    const client = await pool.open({ 'session-id': 'ws-2' });
    client.create({ generate: false });
    const [warm] = await client.ended(1);
    const idOf = (e: unknown): string => (e as { response: { id: string } }).response.id;
    client.create({ previous_response_id: idOf(warm), input: [{ role: 'user', content: 'hi' }] });
    const [, turn] = await client.ended(2);
    client.create({
      previous_response_id: idOf(turn),
      input: [{ type: 'function_call_output', call_id: 'c', output: 'o' }],
    });
    await client.ended(3);
    const all = await pool.rows(3);
    expect(all.map((r) => r.state)).toEqual(['completed', 'completed', 'completed']);
    expect(all.map((r) => r.response_id)).toEqual(pool.creates.map((c) => c.responseId));
    expect(all.map((r) => r.total_tokens)).toEqual(pool.creates.map((c) => c.usage?.total_tokens));
    expect(new Set(all.map((r) => r.resource_id)).size).toBe(1);
    const reasons = await ws.rig.history.rows<{ reason: string; request_id: string }>(
      `SELECT * FROM decisions WHERE pool_id = '${pool.name}'`,
    );
    expect(reasons.length).toBe(3);
    expect(reasons.filter(({ reason }) => reason === 'connection').length).toBe(2);
    // A second connection of the session goes to the same key.
    const again = await pool.open({ 'session-id': 'ws-2' });
    expect(pool.last.key).toBe(pool.connections[0]?.key);
    for (const c of [client, again]) c.ws.close();
  });

  it('keeps the book by lanes: concurrent responses, in any order of their ends', async () => {
    const client = await pool.open();
    client.create({ stream_id: 'slow', model: 'plan:paced,n=6,interval=20' });
    client.create({ stream_id: 'slow', model: 'plan:paced,n=3,interval=5' });
    client.create({ stream_id: 'fast' });
    client.create({});
    await client.ended(4);
    const all = await pool.rows(4);
    expect(all.map((r) => r.state)).toEqual(Array(4).fill('completed'));
    const told = new Map(pool.creates.map((c) => [c.responseId, c]));
    for (const row of all) {
      const create = told.get(row.response_id);
      expect(row.model).toBe(create?.json['model']);
      expect(row.total_tokens).toBe(create?.usage?.total_tokens);
    }
    expect(new Set(all.map((r) => r.response_id)).size).toBe(4);
    client.ws.close();
  });

  it('a steered response and its successor, which nobody created, are two rows', async () => {
    const client = await pool.open();
    client.create({ model: 'plan:paced,n=200,interval=10' });
    await until(() => client.frames.length > 4);
    client.send({ type: 'response.steer', previous_response_id: 'x', input: 'stop that' });
    await client.ended(2);
    const all = await pool.rows(2);
    expect(all.map((r) => r.state)).toEqual(['incomplete', 'completed']);
    expect(all.map((r) => r.response_id)).toEqual(pool.creates.map((c) => c.responseId));
    expect(all[1]?.total_tokens).toBe(pool.creates[1]?.usage?.total_tokens);
    client.ws.close();
  });

  it('error messages end their response, count for the key and leave the connection open', async () => {
    await pool.loseAllButOne();
    const client = await pool.open();
    client.create({ previous_response_id: 'resp_unknown' });
    client.create({ model: 'fault:ws_error,status=429' });
    const ends = await client.ended(2);
    expect(ends.map((e) => e['status'])).toEqual([400, 429]);
    const all = await pool.rows(2);
    expect(all.map((r) => [r.state, r.status_code, r.error_code, r.error_source])).toEqual([
      ['upstream_error', 400, 'previous_response_not_found', 'upstream'],
      ['upstream_error', 429, 'rate_limit_exceeded', 'upstream'],
    ]);
    client.create({});
    await client.ended(3);
    const { resources } = await ws.proxy.state();
    const own = resources.find(({ id }) => id === pool.idOf(pool.last.key));
    expect(JSON.stringify(own)).toContain('rate_limited');
    client.ws.close();
  });

  it('a message that cannot be routed is answered with our error and never sent on', async () => {
    const client = await pool.open();
    client.ws.send('{"type":"response.create","model":"a","model":"b"}');
    client.ws.send('not json');
    client.create({});
    const ends = await client.ended(3);
    expect(ends.slice(0, 2).map((e) => (e['error'] as { code: string }).code)).toEqual([
      'duplicate_key',
      'invalid_json',
    ]);
    expect(pool.last.received.length).toBe(1);
    expect((await pool.rows(1)).map((r) => r.state)).toEqual(['completed']);
    // What cannot be read names no pool.
    const rejected = await until(
      () => ws.rig.history.rows("SELECT id FROM requests WHERE state = 'rejected' AND pool_id IS NULL"),
      (rows) => rows.length === 2,
    );
    expect(rejected.length).toBe(2);
    client.ws.close();
  });
});
