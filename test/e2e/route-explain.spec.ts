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
function timeless({
  id: _id,
  request_id: _request,
  at: _at,
  fallbacks: _fallbacks,
  candidates,
  ...rest
}: Decision): object {
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
    expect(Object.keys(expected).sort()).toEqual([...Object.keys(decision), 'fallbacks'].sort());
    expect(expected['fallbacks']).toEqual([]);
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

describe('POST /admin/route/explain for a client key', () => {
  const admin = async (path: string, body: object, status = 201): Promise<Record<string, unknown>> => {
    const answer = await fetch(`${rig.proxy.url}/admin/${path}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(answer.status, path).toBe(status);
    return (await answer.json()) as Record<string, unknown>;
  };
  const refused = (reason: string, told: string) => ({
    resource_id: null,
    reason,
    explanation: expect.stringContaining(told) as string,
  });
  let made: Record<string, unknown> = {};
  let id = '';
  beforeAll(async () => {
    made = await admin('keys', {
      name: 'main only',
      allowed_pools: ['main'],
      allowed_models: ['gpt-5.5', 'team'],
    });
    id = String(made['id']);
    rig.upstream.faults.clear();
    await admin('health/check', {}, 200);
  });

  it('says what the key would be refused, and why, in the words of the refusal', async () => {
    const asked = (body: object) => explain({ model: 'gpt-5.5', client_key_id: id, ...body });
    expect(await asked({ pool_id: 'side' })).toMatchObject(refused('forbidden', 'may not use the pool'));
    expect(await asked({ model: 'gpt-5' })).toMatchObject(refused('forbidden', 'may not use the model'));
    expect(await asked({ model: null })).toMatchObject(refused('forbidden', 'name one of them'));
    expect(await asked({ previous_response_id: 'resp_of_nobody' })).toMatchObject(
      refused('response_not_found', 'was made with this client key'),
    );
    const chosen = await asked({});
    expect(chosen).toMatchObject({ pool_id: 'main', caller_id: id });
    const headers = { authorization: `Bearer ${String(made['key'])}` };
    const seen = await rig.client.send({ headers, body: { model: 'gpt-5.5' } });
    expect(seen.headers['x-proxy-resource-id']).toMatch(/^openai-[12]$/);
    expect((await post({ client_key_id: 'key_of_nobody' })).status).toBe(404);
  });

  it('shows the fallbacks of an alias and where the request would go in the end', async () => {
    await admin('models', {
      alias: 'team',
      upstream_id: 'gpt-5.5',
      pool_id: 'gone',
      fallbacks: ['gpt-5', 'spare', 'gpt-5.5'],
    });
    await admin('models', { alias: 'spare', upstream_id: 'gpt-5.5', pool_id: 'main' });
    const { fallbacks, ...decision } = await explain({ model: 'team' });
    expect(decision).toMatchObject(refused('no_available_resources', 'gone'));
    const to = (model: string, used: boolean) => ({
      model,
      used,
      resource_id: expect.stringMatching(/^openai-/) as string,
    });
    expect(fallbacks).toMatchObject([to('gpt-5', true), to('spare', false), to('gpt-5.5', false)]);
    // A key of the main pool: what is elsewhere is passed over, and the models of a key are the names asked for.
    const forKey = await explain({ model: 'team', client_key_id: id });
    expect(forKey['reason']).toBe('forbidden');
    expect((await explain({ model: 'spare' }))['fallbacks']).toEqual([]);
  });

  it('says that a revoked key opens nothing', async () => {
    await fetch(`${rig.proxy.url}/admin/keys/${id}`, { method: 'DELETE' });
    const asked = await explain({ model: 'gpt-5.5', client_key_id: id });
    expect(asked).toMatchObject(refused('unauthorized', 'revoked'));
  });
});
