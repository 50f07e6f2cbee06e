import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rig, key } from '../support/rig.js';
import { until } from '../support/until.js';

let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({
    keys: [key('a', 'org-1'), key('b', 'org-1'), key('c', 'org-2')],
    env: { OPENAI_RESOURCE_POOL_IDS: 'main,main,side', OPENAI_RESOURCE_ORGANIZATIONS: 'org-1,org-1,org-2' },
  });
  // The first probes would change what is thought of the keys between an explanation and its decision.
  await rig.proxy.admin('/admin/health/check', { method: 'POST' });
});

afterAll(() => rig.stop());

interface Decision extends Readonly<Record<string, unknown>> {
  readonly candidates: readonly Readonly<Record<string, unknown>>[];
}

const post = (body: unknown): Promise<Response> =>
  fetch(`${rig.proxy.url}/admin/route/explain`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });

async function explain(body: Record<string, unknown>): Promise<Decision> {
  const response = await post(body);
  expect(response.status).toBe(200);
  return (await response.json()) as Decision;
}

async function stored(requestId: string | null): Promise<Decision> {
  const { decisions } = await until(
    () =>
      rig.proxy.admin<{ decisions: Decision[] }>(
        `/admin/decisions?request_id=${encodeURIComponent(requestId ?? '')}`,
      ),
    (page) => page.decisions.length > 0,
    { what: 'the stored decision' },
  );
  return decisions[0] as Decision;
}

/** What is left of a limit is forgotten within milliseconds here. */
const lasting = (candidate: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => ({
  ...candidate,
  remaining_requests: 'any',
  remaining_tokens: 'any',
});

/** All but what names the moment. */
function timeless({ id: _id, request_id: _request, at: _at, candidates, ...rest }: Decision): object {
  return { ...rest, candidates: candidates.map(lasting) };
}

describe('POST /admin/route/explain', () => {
  const session = 'session-to-explain';
  const sealedAsk = { session_id: session, sealed: true };
  let responseId = '';

  beforeAll(async () => {
    const body = { prompt_cache_key: session, include: ['reasoning.encrypted_content'] };
    // Not on the key that a test below makes cool.
    const first = await rig.client.send({ headers: { 'x-proxy-pool-id': 'main' }, body });
    expect(first.status).toBe(200);
    responseId = first.responseId ?? '';
    await rig.proxy.idle();
  });

  it.each([
    ['of a session', (): object => ({ prompt_cache_key: session }), (): object => ({ session_id: session })],
    [
      'of a stored response',
      () => ({ previous_response_id: responseId }),
      () => ({ previous_response_id: responseId }),
    ],
    [
      'of an unknown conversation in a pool of one',
      () => ({ conversation: 'conv_nobody', metadata: { pool_id: 'side' } }),
      () => ({ conversation_id: 'conv_nobody', session_id: 'conv_nobody', pool_id: 'side' }),
    ],
    ['in a pool that does not exist', () => ({ metadata: { pool_id: 'x' } }), () => ({ pool_id: 'x' })],
  ])('says what the stored decision %s says', async (_, sent, asked) => {
    const expected = await explain({ model: 'gpt-5.5', ...asked() });
    const seen = await rig.client.send({ body: sent() as Record<string, unknown> });
    const decision = await stored(seen.proxyRequestId);
    expect(timeless(expected)).toEqual(timeless(decision));
    expect(Object.keys(expected).sort()).toEqual(Object.keys(decision).sort());
    await rig.proxy.idle();
  });

  it('of a key that is cooling, before and after', async () => {
    rig.upstream.faults.set('sk-test-c', 'fault:429,retry=30', { times: 1 });
    await rig.client.send({ headers: { 'x-proxy-pool-id': 'side' }, body: {} });
    const expected = await explain({ model: 'gpt-5.5', pool_id: 'side' });
    expect(expected).toMatchObject({ resource_id: null, reason: 'upstream_rate_limited' });
    const refused = await rig.client.send({ headers: { 'x-proxy-pool-id': 'side' }, body: {} });
    expect(timeless(await stored(refused.proxyRequestId))).toMatchObject({
      resource_id: null,
      reason: 'upstream_rate_limited',
      candidates: expected.candidates.map(lasting),
    });
  });

  it('keeps encrypted content of a session in its organisation', async () => {
    const decision = await explain(sealedAsk);
    expect(decision).toMatchObject({ affinity_class: 'boundary', affinity_kind: 'sealed' });
    const allowed = decision.candidates.filter((c) => c['rejected'] !== 'other_organization');
    expect(allowed.length).toBeLessThan(3);
    expect(new Set(allowed.map((c) => c['organization'])).size).toBe(1);
  });

  it('scopes bindings to the caller that is named', async () => {
    expect(await explain({ session_id: session })).toMatchObject({ affinity_result: 'hit' });
    expect(await explain({ session_id: session, caller_id: 'anonymous' })).toMatchObject({
      affinity_result: 'miss',
    });
  });

  it('changes nothing: no arrival, no binding, no recent decision, no load', async () => {
    const before = await rig.proxy.admin<{ recent_decisions: unknown[]; affinity_count: number }>(
      '/admin/state',
    );
    const arrivals = rig.upstream.ledger.traffic.length;
    for (let i = 0; i < 20; i += 1) await explain({ session_id: `new-${i}`, thread_id: `new-${i}` });
    const after = await rig.proxy.admin<{ recent_decisions: unknown[]; affinity_count: number }>(
      '/admin/state',
    );
    expect(after.affinity_count).toBe(before.affinity_count);
    expect(after.recent_decisions).toEqual(before.recent_decisions);
    expect(rig.upstream.ledger.traffic.length).toBe(arrivals);
    expect((await rig.proxy.state()).in_flight).toBe(0);
  });

  it.each([
    [{ session: 'x' }, 'session'],
    [{ session_id: 7 }, 'session_id'],
    [{ session_id: '' }, 'session_id'],
    [{ model: 'x'.repeat(513) }, 'model'],
    [{ sealed: 'yes' }, 'sealed'],
    [{ route_kind: 'delete' }, 'route_kind'],
  ])('refuses %j and names %s', async (body, param) => {
    const response = await post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'invalid_parameter', param } });
  });

  it('answers with nothing asked for, too', async () => {
    expect(await explain({})).toMatchObject({ affinity_class: 'free', request_id: 'explain', attempt: 1 });
  });
});
