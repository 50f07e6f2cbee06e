import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SocketRig } from '../support/socket-rig.js';
import { demand, note } from '../support/release.js';
import { key } from '../support/rig.js';
import type { LoadEntry } from '../support/load-client.js';
import { until } from '../support/until.js';
import { UpstreamCache } from '../support/upstream-cache.js';

type Json = Readonly<Record<string, unknown>>;
interface Decision extends Json {
  readonly explanation: string;
  readonly cached_tokens_at_stake: number | null;
  readonly candidates: readonly Json[];
}

const KEYS = [key('a', 'org-1'), key('b', 'org-1'), key('c', 'org-2'), key('d', 'org-2')];
/** Each key has a pool of its own, so that a test can make it cool. */
const POOLS = ['pa', 'pb', 'pc', 'pd'];

let ws: SocketRig;

beforeAll(async () => {
  ws = await SocketRig.start({
    keys: KEYS,
    env: {
      OPENAI_RESOURCE_POOL_IDS: POOLS.join(','),
      OPENAI_RESOURCE_ORGANIZATIONS: 'org-1,org-1,org-2,org-2',
    },
  });
  ws.rig.upstream.usage = new UpstreamCache().usage;
  // The first probes would change what is thought of the keys between an explanation and its decision.
  await ws.proxy.admin('/admin/health/check', { method: 'POST' });
});

afterAll(() => ws.stop());

/** A growing conversation: turn `n` of a session, 1,000 tokens each. */
const prompt = (n: number): string => 'word'.repeat(1_000 * n);
const turn = (session: string, n: number): Promise<LoadEntry> =>
  ws.rig.client.send({ body: { prompt_cache_key: session, input: prompt(n) } });
const resourceOf = (entry: LoadEntry): string => String(entry.headers['x-proxy-resource-id']);
const placeOf = (resourceId: string): number => Number(resourceId.replace('openai-', '')) - 1;
const cachedOf = (entry: LoadEntry): number => entry.usage?.input_tokens_details.cached_tokens ?? -1;
/** The whole prompt is there for the turn after it. */
const leftBy = (entry: LoadEntry): number => entry.usage?.input_tokens ?? -1;

const explain = (body: Json): Promise<Decision> =>
  ws.proxy.admin<Decision>('/admin/route/explain', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

async function stored(requestId: string | null): Promise<Decision[]> {
  await ws.rig.history.finished(requestId);
  const page = await ws.proxy.admin<{ decisions: Decision[] }>(
    `/admin/decisions?request_id=${encodeURIComponent(requestId ?? '')}`,
  );
  return page.decisions.toReversed();
}

/** Makes a key cool for a while, at the cost of a request of somebody else. */
async function cool(resourceId: string, seconds: number): Promise<void> {
  const place = placeOf(resourceId);
  ws.rig.upstream.faults.set(KEYS[place]?.key ?? '', `fault:429,retry=${seconds}`, { times: 1 });
  await ws.rig.client.send({ headers: { 'x-proxy-pool-id': POOLS[place] ?? '' }, body: {} });
}

const usable = (resourceId: string): Promise<unknown> =>
  until(
    async () => (await explain({ pool_id: POOLS[placeOf(resourceId)] })).resource_id,
    (id) => id === resourceId,
    { timeoutMs: 15_000, what: `${resourceId} usable again` },
  );

describe('the prompt cache of a session', () => {
  it('is kept as on a single key, over HTTP and WebSocket, and the accounts say so', async () => {
    const sessions = Array.from({ length: 6 }, (_, i) => `kept-${i}`);
    const seen: LoadEntry[] = [];
    for (let n = 1; n <= 6; n++)
      seen.push(...(await Promise.all(sessions.map((session) => turn(session, n)))));
    const socket = await ws.open({ 'session-id': 'kept-ws' });
    for (let n = 1; n <= 6; n++) {
      socket.create({ prompt_cache_key: 'kept-ws', input: prompt(n) });
      await socket.ended(n);
    }
    socket.ws.close();
    await ws.proxy.idle();
    const alone = new UpstreamCache();
    const single = [1, 2, 3, 4, 5, 6].map((n) =>
      alone.usage(n, { prompt_cache_key: 'kept', input: prompt(n) }, 'org'),
    );
    const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);
    const input = sum(single.map((one) => one.input_tokens));
    const cached = sum(single.map((one) => one.input_tokens_details.cached_tokens));
    expect(cached).toBeGreaterThan(0);
    for (const id of [...sessions, 'kept-ws']) {
      const detail = await until(
        () => ws.proxy.admin<Json & { session: Json; resources: Json[] }>(`/admin/sessions/${id}`),
        ({ session }) => session['input_tokens'] === input,
        { what: `the totals of ${id}` },
      );
      const rate = { input_tokens: input, cached_tokens: cached, cache_hit_rate: cached / input };
      expect(detail).toMatchObject({ session: rate, moves: 0, resources: [{ requests: 6, ...rate }] });
    }
    const { usage } = await ws.proxy.admin<{ usage: Json[] }>('/admin/usage?group_by=resource');
    const all = (name: string): number => sum(usage.map((one) => one[name] as number));
    note('cache', 'hit rate of seven sessions on four keys', all('cached_tokens') / all('input_tokens'));
    demand(
      'cache',
      'of the hit rate on a single key, kept',
      all('cached_tokens') / all('input_tokens') / (cached / input),
      { exactly: 1 },
    );
    const { resources } = await ws.proxy.admin<{ resources: Json[] }>('/admin/state');
    const metrics = await (await fetch(`${ws.proxy.url}/metrics`)).text();
    expect(sum(usage.map((one) => one['cached_tokens'] as number))).toBe(cached * 7);
    for (const { group, input_tokens, cached_tokens, cache_write_tokens } of usage) {
      const cache_hit_rate = (cached_tokens as number) / (input_tokens as number);
      const told = { input_tokens, cached_tokens, cache_write_tokens, cache_hit_rate };
      expect(resources.find(({ id }) => id === group)).toMatchObject({
        ...told,
        recent_cache_hit_rate: cache_hit_rate,
      });
      expect(metrics).toContain(
        `rpx_resource_tokens_total{resource="${String(group)}",kind="cached"} ${String(cached_tokens)}`,
      );
    }
    expect(resources.filter(({ id }) => usage.every(({ group }) => group !== id))).toEqual(
      resources
        .filter(({ input_tokens }) => input_tokens === null)
        .map((one) => ({ ...one, cached_tokens: null, cache_hit_rate: null })),
    );
  });

  it('is at stake when its key refuses the request, and the decision that moves it says how much', async () => {
    const session = 'refused';
    await turn(session, 2);
    const warm = await turn(session, 3);
    const home = resourceOf(warm);
    expect(cachedOf(warm)).toBeGreaterThan(1_000);
    await ws.proxy.idle();
    ws.rig.upstream.faults.set(KEYS[placeOf(home)]?.key ?? '', 'fault:429,retry=1', { times: 1 });
    const moved = await turn(session, 4);
    expect(moved.status).toBe(200);
    const [first, second] = await stored(moved.proxyRequestId);
    expect(first).toMatchObject({ affinity_result: 'hit', resource_id: home, cached_tokens_at_stake: null });
    expect(first?.candidates[placeOf(home)]).toMatchObject({ cached_tokens: leftBy(warm) });
    expect(second).toMatchObject({
      affinity_result: 'moved',
      reason: 'retry_elsewhere',
      resource_id: resourceOf(moved),
      cached_tokens_at_stake: leftBy(warm),
    });
    expect(second?.explanation).toContain(
      `up to ${leftBy(warm).toLocaleString('en-US')} cached tokens behind`,
    );
    await usable(home);
    expect(await ws.proxy.admin(`/admin/sessions/${session}`)).toMatchObject({
      moves: 1,
      resources: [{ resource_id: home }, { resource_id: resourceOf(moved) }],
    });
  });

  it('is at stake when its key cools, in the stored decision and the explanation alike, live too', async () => {
    const session = 'cooling';
    const socket = await ws.open({ 'session-id': session });
    for (let n = 2; n <= 3; n++) {
      socket.create({ prompt_cache_key: session, input: prompt(n) });
      await socket.ended(n - 1);
    }
    const home = String(socket.headers['x-proxy-resource-id']);
    socket.ws.close();
    await ws.proxy.idle();
    const { requests } = await until(
      () => ws.proxy.admin<{ requests: Json[] }>(`/admin/requests?session_id=${session}`),
      (page) => page.requests.length === 2 && page.requests.every(({ state }) => state === 'completed'),
      { what: 'both responses in SQL' },
    );
    expect(requests[0]?.['cached_tokens']).toBeGreaterThan(1_000);
    const left = requests[0]?.['input_tokens'];
    await cool(home, 3);
    const expected = await explain({ session_id: session, model: 'gpt-5.5' });
    expect(expected).toMatchObject({ affinity_result: 'moved', cached_tokens_at_stake: left });
    const moved = await turn(session, 4);
    const [decision] = await stored(moved.proxyRequestId);
    const { recent_decisions } = await ws.proxy.admin<{ recent_decisions: Decision[] }>('/admin/state');
    for (const one of [decision, recent_decisions[0]]) {
      expect(one).toMatchObject({
        affinity_result: 'moved',
        cached_tokens_at_stake: left,
        waited_ms: 0,
      });
      expect(one?.candidates.map((candidate) => candidate['cached_tokens'])).toEqual(
        expected.candidates.map((candidate) => candidate['cached_tokens']),
      );
    }
    // Ties fall at random: only the name of the winner may differ.
    const nameless = (text = ''): string => text.replace(/^openai-\d/, '').replace(/, unless .*(?=\.)/, '');
    expect(nameless(decision?.explanation)).toBe(nameless(expected.explanation));
    expect(decision?.explanation).toBe(recent_decisions[0]?.explanation);
    await usable(home);
  });

  it('is known again after a restart', async () => {
    const session = 'restarted';
    await turn(session, 2);
    const warm = await turn(session, 3);
    await ws.rig.history.finished(warm.proxyRequestId);
    await ws.proxy.restart();
    const decision = await explain({ session_id: session });
    expect(decision).toMatchObject({ affinity_result: 'hit', resource_id: resourceOf(warm) });
    expect(decision.candidates[placeOf(resourceOf(warm))]).toMatchObject({ cached_tokens: leftBy(warm) });
  });
});

describe('GET /admin/requests/{id}', () => {
  it('has the session’s source, its threads and each attempt with class, status, bytes and duration', async () => {
    const seen = await ws.rig.client.send({
      headers: { 'session-id': 's-1', 'thread-id': 't-2', 'x-codex-parent-thread-id': 't-1' },
      body: { stream: true },
    });
    await ws.rig.history.finished(seen.proxyRequestId);
    const arrival = ws.rig.upstream.ledger.last();
    const detail = await ws.proxy.admin<{ request: Json; attempts: Json[] }>(
      `/admin/requests/${seen.proxyRequestId ?? ''}`,
    );
    expect(detail.request).toMatchObject({
      session_id: 's-1',
      session_source: 'session-id',
      thread_id: 't-2',
      parent_thread_id: 't-1',
    });
    expect(detail.attempts).toEqual([
      expect.objectContaining({
        n: 1,
        class: 'ok',
        status: 200,
        bytes_sent: arrival.bodyBytes,
        bytes_received: arrival.responseBytes,
        duration_ms: expect.any(Number) as number,
      }),
    ]);
  });
});
