import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { key, Rig } from '../support/rig.js';

const TOKEN = 'admin-token-for-models-0123456789ab';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & { readonly error: { readonly param: string } };
}

let rig: Rig;
beforeAll(async () => {
  rig = await Rig.start({
    keys: [key('a')],
    env: {
      PROXY_ADMIN_TOKEN: TOKEN,
      PROXY_SECRET_ENCRYPTION_KEY: randomBytes(32).toString('base64'),
      OPENAI_RESOURCE_POOL_ID: 'main',
    },
  });
  await admin('POST', 'providers', {
    id: 'there',
    name: 'there',
    base_url: 'https://api.example.com/v1',
    api_key: 'sk-example',
    enabled: false,
  });
});
afterAll(() => rig.stop());

async function admin(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${rig.proxy.url}/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const draft = (alias: string, over: Record<string, unknown> = {}) => ({
  alias,
  upstream_id: 'gpt-5.5',
  ...over,
});

describe('a registered alias', () => {
  it('is made, listed, changed and removed, each in the audit', async () => {
    const prices = { input: 1.25, output: 10, cached_input: null };
    const made = await admin('POST', 'models', draft('team', { pool_id: 'main', prices, fallbacks: ['x'] }));
    expect(made.status).toBe(201);
    expect(made.body).toMatchObject({
      alias: 'team',
      kind: 'model',
      pool_id: 'main',
      provider_id: null,
      upstream_id: 'gpt-5.5',
      fallbacks: ['x'],
      prices,
      enabled: true,
      routing: { active: true, reason: null },
    });
    const id = String(made.body['id']);
    const listed = (await admin('GET', 'models')).body['models'] as { id: string }[];
    expect(listed.map((one) => one.id)).toContain(id);
    const moved = await admin('PATCH', `models/${id}`, { provider_id: 'there', kind: 'agent' });
    expect(moved.body).toMatchObject({ pool_id: null, provider_id: 'there', kind: 'agent', prices });
    expect((await admin('DELETE', `models/${id}`)).status).toBe(200);
    expect((await admin('GET', `models/${id}`)).status).toBe(404);
    const audit = await rig.history.rows<{ action: string }>(
      `SELECT action FROM audit_entries WHERE target_id = '${id}' ORDER BY at, id`,
    );
    expect(audit.map(({ action }) => action)).toEqual(['model.created', 'model.updated', 'model.deleted']);
  });

  it('says when it cannot be served', async () => {
    const reasonOf = async (over: Record<string, unknown>) => {
      const alias = `r${randomBytes(4).toString('hex')}`;
      const made = await admin('POST', 'models', draft(alias, over));
      return (made.body['routing'] as { reason: string | null }).reason;
    };
    expect(await reasonOf({ provider_id: 'there' })).toBe('Its provider there: It is disabled.');
    expect(await reasonOf({ pool_id: 'nobody' })).toBe('Its pool nobody has no resources.');
    expect(await reasonOf({ enabled: false })).toContain('disabled');
    expect(await reasonOf({})).toBeNull();
    const gone = { id: 'gone', name: 'gone', base_url: 'https://api.example.com/v1', api_key: 'sk-x' };
    await admin('POST', 'providers', gone);
    const made = await admin('POST', 'models', draft('orphan', { provider_id: 'gone' }));
    await admin('DELETE', 'providers/gone');
    const orphan = await admin('GET', `models/${String(made.body['id'])}`);
    expect(orphan.body['routing']).toEqual({ active: false, reason: 'Its provider gone is gone.' });
  });

  it('has a name of its own', async () => {
    await admin('POST', 'models', draft('twin'));
    expect((await admin('POST', 'models', draft('twin'))).status).toBe(409);
  });

  it.each([
    ['no alias', { alias: undefined }, 'alias'],
    ['an alias that no path could hold', { alias: 'a/b' }, 'alias'],
    ['no upstream name', { upstream_id: undefined }, 'upstream_id'],
    ['half a character', { upstream_id: '\ud800' }, 'upstream_id'],
    ['two pins', { provider_id: 'there', pool_id: 'main' }, 'pool_id'],
    ['a provider nobody knows', { provider_id: 'nobody' }, 'provider_id'],
    ['itself to fall back on', { fallbacks: ['refused'] }, 'fallbacks'],
    ['the same fallback twice', { fallbacks: ['a', 'a'] }, 'fallbacks'],
    ['a price below nothing', { prices: { input: -1, output: 1 } }, 'prices.input'],
    ['half a price', { prices: { input: 1 } }, 'prices.output'],
    ['a price nobody knows', { prices: { input: 1, output: 1, cached: 1 } }, 'prices.cached'],
    ['another kind', { kind: 'tool' }, 'kind'],
    ['a field nobody knows', { provider: 'there' }, 'provider'],
  ])('is not made with %s', async (_name, over, param) => {
    const refused = await admin('POST', 'models', draft('refused', over));
    expect([refused.status, refused.body.error.param], JSON.stringify(refused.body)).toEqual([400, param]);
  });
});
