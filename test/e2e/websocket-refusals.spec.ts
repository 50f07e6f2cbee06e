import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { Codex } from '../support/codex.js';
import { key } from '../support/rig.js';
import { describeWith } from '../support/skip.js';
import type { SocketClient } from '../support/socket-client.js';
import type { SocketPool } from '../support/socket-pool.js';
import { SocketRig } from '../support/socket-rig.js';
import { until } from '../support/until.js';

/** From now on the key is refused so, a bad one to probes, too. */
function refuse(ws: SocketRig, owner: string, fault: string): void {
  ws.rig.upstream.faults.set(owner, fault, { on: 'socket' });
  if (fault.includes('status=401')) ws.rig.upstream.faults.set(owner, 'fault:401', { on: 'models' });
}

describe('a key that is refused in the middle of a connection', () => {
  let ws: SocketRig;
  let pool: SocketPool;

  beforeAll(async () => {
    ws = await SocketRig.pooled(20, 2);
  });
  beforeEach(() => void (pool = ws.pool()));
  afterAll(() => ws.stop());

  /** A connection that has had a response, and the key it goes to, whose next answer is `fault`. */
  async function turned(
    fault: string,
    fields: object = {},
  ): Promise<{ owner: string; client: SocketClient }> {
    const client = await pool.open();
    client.create(fields);
    await client.ended();
    const owner = pool.last.key;
    refuse(ws, owner, fault);
    return { owner, client };
  }

  function refuseAll(fault: string): void {
    for (const one of pool.keys) refuse(ws, one, fault);
  }

  it.each([
    ['no quota left', 'ws_error,status=429,code=insufficient_quota', 'insufficient_quota'],
    ['no usage left, without a status', 'ws_error,status=0,code=usage_limit_reached', 'insufficient_quota'],
    ['no quota, as a response', 'ws_failed,code=insufficient_quota', 'insufficient_quota'],
    ['a pause', 'ws_error,status=429,code=rate_limit_exceeded', 'rate_limited'],
    ['a bad key', 'ws_error,status=401,code=invalid_api_key', 'invalid_key'],
    ['a key that may not', 'ws_error,status=403,code=unsupported_country', 'forbidden'],
  ])('is left while another can serve: %s', async (_, fault, reason) => {
    const { owner, client } = await turned(fault);
    client.create({});
    expect((await client.untilClosed()).code).toBe(1012);
    expect(client.ends().map((e) => e.type)).toEqual(['response.completed']);
    const again = await pool.open();
    again.create({});
    expect((await again.ended())[0]?.type).toBe('response.completed');
    expect(pool.last.key).not.toBe(owner);
    const rows = await pool.rows(3);
    const state = fault.includes('status=4') ? 'upstream_error' : 'failed';
    expect(rows.map((row) => row.state)).toEqual(['completed', state, 'completed']);
    const { resources } = await ws.proxy.state();
    expect(JSON.stringify(resources.find(({ id }) => id === pool.idOf(owner)))).toContain(reason);
    again.ws.close();
    await ws.proxy.idle();
  });

  it.each([
    ['no quota left', 'ws_error,status=429,code=insufficient_quota', 502, 'upstream_auth_failed', 0],
    ['no quota, as a response', 'ws_failed,code=insufficient_quota', 502, 'upstream_auth_failed', 0],
    ['a bad key', 'ws_error,status=401,code=invalid_api_key', 502, 'upstream_auth_failed', 0],
    ['a pause that names no time', 'ws_error,status=429,wait=none', 429, 'rate_limit_exceeded', 20],
    ['a pause of an hour', 'ws_error,status=429,wait=3600', 429, 'rate_limit_exceeded', 60],
    ['a pause, as a response', 'ws_failed,code=rate_limit_exceeded', 429, 'upstream_rate_limited', 20],
  ])('is told of as over HTTP when no other can serve: %s', async (_, fault, status, code, wait) => {
    refuseAll(fault);
    const first = await pool.open();
    first.create({});
    expect((await first.untilClosed()).code).toBe(1012);
    const second = await pool.open();
    second.create({});
    const [told] = await second.ended();
    expect(told).toMatchObject({ type: 'error', status, error: { code } });
    const headers = (told?.['headers'] ?? {}) as Record<string, string>;
    // Less what has passed since the other key asked for its pause.
    expect(Number(headers['retry-after'] ?? 0)).toBeLessThanOrEqual(wait);
    expect(Number(headers['retry-after'] ?? 0)).toBeGreaterThanOrEqual(wait / 2);
    if (code.startsWith('upstream_')) expect(headers['x-should-retry']).toBeDefined();
    expect(second.closed).toBe(null);
    expect(new Set(pool.creates.map((create) => create.key)).size).toBe(2);
    const row = (await pool.rows(2))[1];
    expect(row).toMatchObject({ state: 'upstream_error', status_code: status, error_code: code });
    second.ws.close();
  });

  it.each([
    ['no quota left', 'ws_error,status=429,code=insufficient_quota', 502, 'upstream_auth_failed'],
    ['a bad key', 'ws_error,status=401,code=invalid_api_key', 409, 'affinity_lost'],
  ])('is told of as over HTTP when the request belongs to it: %s', async (_, fault, status, code) => {
    const { client } = await turned(fault, { store: true });
    const response = client.ends()[0]?.['response'] as { id: string };
    client.create({ previous_response_id: response.id });
    expect((await client.ended(2))[1]).toMatchObject({ status, error: { code } });
    client.ws.close();
  });

  it('is known by what its handshake, or its refusal, says is left of its limits', async () => {
    ws.up.acceptHeaders = { 'x-ratelimit-remaining-requests': '0', 'x-ratelimit-reset-requests': '60s' };
    const client = await pool.open();
    ws.up.acceptHeaders = {};
    const [handshaken = ''] = pool.connections.map((one) => one.key);
    client.create({});
    await client.ended();
    // Nothing was left there, and something may be elsewhere: the connection moved before anything was sent.
    expect(pool.last.key).not.toBe(handshaken);
    refuse(ws, pool.last.key, 'ws_error,status=429,left=7');
    client.create({});
    await client.untilClosed();
    const answer = await fetch(`${ws.proxy.url}/admin/route/explain`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ model: 'gpt-5.5', pool_id: pool.name }),
    });
    const { candidates } = (await answer.json()) as { candidates: Record<string, unknown>[] };
    const known = (id: string) => candidates.find((one) => one['resource_id'] === id);
    expect(known(pool.idOf(handshaken))).toMatchObject({ remaining_requests: 0, remaining_tokens: null });
    expect(known(pool.idOf(pool.last.key))).toMatchObject({ remaining_tokens: 7, rejected: 'cooling' });
  });

  it('is told of what is wrong with the request itself', async () => {
    const { client } = await turned('ws_error,status=429,code=rate_limit_exceeded');
    client.create({});
    await client.untilClosed();
    const second = await pool.open();
    second.create({ model: 'fault:ws_error,status=400,code=invalid_prompt' });
    expect((await second.ended())[0]).toMatchObject({ status: 400 });
    expect(second.closed).toBe(null);
    second.ws.close();
  });

  it.each([
    ['a bad key', 'ws_error,status=401,code=invalid_api_key', 503, 'no_available_resources', '1'],
    ['no quota left', 'ws_error,status=429,code=insufficient_quota', 503, 'no_available_resources', '1'],
    ['an overload', 'ws_error,status=503,code=server_is_overloaded', 503, 'no_available_resources', '1'],
    ['a pause of an hour', 'ws_error,status=429,wait=3600', 429, 'rate_limit_exceeded', '1'],
  ])(
    'is a reason to come back while another response of the connection runs: %s',
    async (_, fault, status, code, wait) => {
      const client = await pool.open();
      client.create({ model: 'plan:paced,n=500,interval=20', stream_id: 'one' });
      await until(() => client.frames.length > 3);
      refuseAll(fault);
      client.create({ stream_id: 'two' });
      const told = { type: 'error', status, stream_id: 'two', error: { code } };
      expect((await client.ended())[0]).toMatchObject({ ...told, headers: { 'retry-after': wait } });
      expect(client.closed).toBe(null);
      client.ws.terminate();
    },
  );
});

describeWith(Codex.available(), 'the Codex CLI (@openai/codex)')('the real Codex CLI over WebSocket', () => {
  it.each([
    ['no quota left', 'ws_error,status=429,code=insufficient_quota'],
    ['a bad key', 'ws_error,status=401,code=invalid_api_key'],
  ])(
    'ends its turn on the other key: %s',
    async (_, fault) => {
      const ws = await SocketRig.start({ keys: [key('a', 'org-a'), key('b', 'org-a')] });
      const codex = new Codex([`openai_base_url="${ws.proxy.v1}"`]);
      const running = codex.exec(['call:exec_command {"cmd":"sleep 3; echo on-it"}']);
      const asked = await until(
        () => ws.up.creates.find(({ json }) => json['generate'] !== false),
        (create) => create !== undefined,
        { timeoutMs: 40_000 },
      );
      const owner = asked?.key ?? '';
      refuse(ws, owner, fault);
      const result = await running;
      expect(result.code, `${result.stderr}\n${result.stdout}`).toBe(0);
      expect(result.lastMessage).toContain('on-it');
      expect(ws.up.last.key).not.toBe(owner);
      expect(ws.rig.upstream.ledger.creates.length).toBe(0);
      codex.dispose();
      await ws.stop();
    },
    90_000,
  );
});
