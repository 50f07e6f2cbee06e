import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FakeUpstream } from '../support/fake-upstream.js';
import { key, Rig } from '../support/rig.js';

const TOKEN = 'admin-token-for-providers-0123456789';
const ENCRYPTION_KEY = randomBytes(32).toString('base64');
const SECRET = 'sk-registered-canary-0123456789';

interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown> & {
    readonly error: { readonly param: string; readonly message: string };
  };
}

let rig: Rig;
let other: FakeUpstream;
beforeAll(async () => {
  other = await FakeUpstream.start({ keys: [key('other'), { key: SECRET, organization: 'org-registered' }] });
  rig = await Rig.start({
    keys: [key('env')],
    env: {
      PROXY_ADMIN_TOKEN: TOKEN,
      PROXY_SECRET_ENCRYPTION_KEY: ENCRYPTION_KEY,
      PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32',
      TEAM_KEY: 'sk-test-other',
    },
  });
});
afterAll(async () => {
  await rig.stop();
  await other.stop();
});

async function admin(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${rig.proxy.url}/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as Answer['body'] };
}

const draft = (id: string, over: Record<string, unknown> = {}) => ({
  id,
  name: `name of ${id}`,
  base_url: other.baseUrl,
  pool_id: id,
  api_key: SECRET,
  ...over,
});

const sendTo = (pool: string) => rig.client.send({ headers: { 'x-proxy-pool-id': pool }, body: {} });

describe('a registered provider', () => {
  it('takes requests at once with its own key, shows no key, and leaves at once', async () => {
    const made = await admin('POST', 'providers', draft('first'));
    expect([
      made.status,
      made.body['api_key_configured'],
      JSON.stringify(made.body).includes(SECRET),
    ]).toEqual([201, true, false]);
    const served = await sendTo('first');
    expect([served.status, served.headers['x-proxy-resource-id']]).toEqual([200, 'first']);
    expect(other.ledger.last().key).toBe(SECRET);

    const stored = await rig.history.rows<Record<string, unknown>>('SELECT * FROM providers');
    expect(JSON.stringify(stored)).not.toContain('canary');
    expect(rig.proxy.output).not.toContain(SECRET);

    expect((await admin('DELETE', 'providers/first')).status).toBe(200);
    expect((await sendTo('first')).status).toBe(503);
    expect((await admin('GET', 'providers/first')).status).toBe(404);
  });

  it('is stored only while disabled, and says so', async () => {
    const made = await admin('POST', 'providers', draft('idle', { enabled: false }));
    expect(made.body['routing']).toEqual({ active: false, reason: 'It is disabled.' });
    expect((await sendTo('idle')).status).toBe(503);
    const enabled = await admin('PATCH', 'providers/idle', { enabled: true });
    expect(enabled.body['routing']).toMatchObject({ active: true });
    expect((await sendTo('idle')).status).toBe(200);
  });

  it('may have its key in a variable, sent in a header of its own', async () => {
    await admin('POST', 'providers', draft('ref', { api_key: null, credential_ref: 'env:TEAM_KEY' }));
    expect((await sendTo('ref')).status).toBe(200);
    await admin('POST', 'providers', draft('header', { auth_type: 'header', auth_header: 'Api-Key' }));
    await sendTo('header');
    const sent = other.ledger.last().rawHeaders.map((text) => text.toLowerCase());
    expect(sent[sent.indexOf('api-key') + 1]).toBe(SECRET);
    expect(sent).not.toContain('authorization');
    const missing = await admin(
      'POST',
      'providers',
      draft('gone', { api_key: null, credential_ref: 'env:NOT_SET' }),
    );
    expect(missing.body['routing']).toMatchObject({
      active: false,
      reason: expect.stringContaining('NOT_SET'),
    });
  });

  it('gives its key to no new address', async () => {
    const third = await FakeUpstream.start({ keys: [key('third')] });
    try {
      await admin('POST', 'providers', draft('moved'));
      const without = await admin('PATCH', 'providers/moved', { base_url: third.baseUrl });
      expect([without.status, without.body.error.param]).toEqual([400, 'base_url']);
      const renamed = await admin('PATCH', 'providers/moved', { name: 'moved away', weight: 3 });
      expect([renamed.status, renamed.body['weight'], renamed.body['api_key_configured']]).toEqual([
        200,
        3,
        true,
      ]);
      const along = await admin('PATCH', 'providers/moved', {
        base_url: third.baseUrl,
        api_key: 'sk-test-third',
      });
      expect(along.status).toBe(200);
      expect((await sendTo('moved')).status).toBe(200);
      expect(third.ledger.arrivals.map((arrival) => arrival.key)).not.toContain(SECRET);
    } finally {
      await third.stop();
    }
  });

  it.each([
    ['a private address', { base_url: 'http://10.0.0.1/v1' }, 'base_url'],
    ['the cloud’s metadata', { base_url: 'http://169.254.169.254/v1' }, 'base_url'],
    ['credentials in the address', { base_url: 'https://a:b@api.example.com/v1' }, 'base_url'],
    [
      'a key of this proxy’s own',
      { api_key: null, credential_ref: 'env:PROXY_ADMIN_TOKEN' },
      'credential_ref',
    ],
    ['a key of the environment’s', { api_key: null, credential_ref: 'env:OPENAI_API_KEY' }, 'credential_ref'],
    [
      'a secret of something else',
      { api_key: null, credential_ref: 'env:AWS_SECRET_ACCESS_KEY' },
      'credential_ref',
    ],
    ['two keys', { credential_ref: 'env:TEAM_KEY' }, 'credential_ref'],
    ['a header that means something else', { auth_type: 'header', auth_header: 'Host' }, 'auth_header'],
    ['a header without its type', { auth_header: 'api-key' }, 'auth_header'],
    ['another wire', { wire_api: 'chat' }, 'wire_api'],
    ['the name of a key of the environment', { id: 'openai-7' }, 'id'],
    ['no name', { name: undefined }, 'name'],
    ['no address', { base_url: undefined }, 'base_url'],
    ['a field nobody knows', { apikey: 'x' }, 'apikey'],
    ['a weight of none', { weight: 0 }, 'weight'],
  ])('is not made with %s', async (_name, over, param) => {
    const refused = await admin('POST', 'providers', draft('refused', over));
    expect([refused.status, refused.body.error.param], JSON.stringify(refused.body)).toEqual([400, param]);
  });

  it.each(['name', 'base_url', 'auth_type', 'enabled'])('cannot be left without its %s', async (field) => {
    await admin('POST', 'providers', draft('complete'));
    const refused = await admin('PATCH', 'providers/complete', { [field]: null });
    expect([refused.status, refused.body.error.param], JSON.stringify(refused.body)).toEqual([400, field]);
  });

  it('cannot have the id or the name of another', async () => {
    await admin('POST', 'providers', draft('twin'));
    expect((await admin('POST', 'providers', draft('twin', { name: 'else' }))).status).toBe(409);
    expect((await admin('POST', 'providers', draft('twin2', { name: 'name of twin' }))).status).toBe(409);
  });

  it('is there again after a restart', async () => {
    await admin('POST', 'providers', draft('stays'));
    await rig.proxy.restart();
    const served = await sendTo('stays');
    expect([served.status, served.headers['x-proxy-resource-id']]).toEqual([200, 'stays']);
  });
});
