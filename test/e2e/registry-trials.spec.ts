import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Secret } from '../../src/common/secret.js';
import { loadConfig } from '../../src/config/load-config.js';
import { BEARER, type Resource } from '../../src/resources/resource.js';
import { MODEL_LIST_LIMIT } from '../../src/upstream/model-list-sink.js';
import { UpstreamClient } from '../../src/upstream/upstream-client.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { freePort } from '../support/free-port.js';
import { key, Rig } from '../support/rig.js';

const TOKEN = 'admin-token-for-trials-0123456789ab';
const SECRET = 'sk-trial-canary-0123456789';

interface Step {
  readonly step: string;
  readonly status: string;
  readonly message: string;
  readonly fix: string | null;
}
interface Answer {
  readonly status: number;
  readonly text: string;
  readonly body: Record<string, unknown> & {
    readonly ok: boolean;
    readonly steps: readonly Step[];
    readonly targets: readonly unknown[];
    readonly presets: readonly Record<string, unknown>[];
    readonly error: { readonly param: string };
  };
}

let rig: Rig;
let other: FakeUpstream;
const asked: string[] = [];
const held: (() => unknown)[] = [];
/** By the first segment of the path: what is no API answers. */
const ODD: Readonly<Record<string, (res: ServerResponse, authorization: string, post: boolean) => unknown>> =
  {
    html: (res) => res.setHeader('content-type', 'text/html').end('<html>sign in</html>'),
    redirect: (res) => res.writeHead(302, { location: `${odd()}/html/models` }).end(),
    listless: (res) => res.end('{"ok":true}'),
    echo: (res, authorization) =>
      res.writeHead(401).end(JSON.stringify({ error: { message: `no such key: ${authorization}` } })),
    cut: (res) => res.destroy(),
    endless: (res) => {
      const more = (): void => {
        while (!res.destroyed && res.write(Buffer.alloc(65_536, 0x20)));
      };
      res.on('drain', more);
      more();
    },
    silent: () => undefined,
    // A server of chat completions: a list for the right key, and no /responses.
    chat: (res, authorization, post) =>
      post ? res.writeHead(404).end('{"error":{"message":"Not Found"}}') : list(res, authorization === KEYED),
    speaks: (res, authorization, post) =>
      authorization === KEYED && post ? lacksModel(res) : list(res, authorization === KEYED),
    public: (res, authorization, post) => {
      if (!post) list(res, true);
      else if (authorization === KEYED) lacksModel(res);
      else res.writeHead(401).end('{"error":{"message":"No cookie auth credentials found"}}');
    },
    // With and without the key, for models and for nothing.
    together: (res, authorization, post) => {
      held.push(() => ODD['public']?.(res, authorization, post));
      if (held.length === 4) for (const answer of held.splice(0)) answer();
    },
    careless: (res, _authorization, post) => (post ? lacksModel(res) : list(res, true)),
  };
const KEYED = `Bearer ${SECRET}`;
const list = (res: ServerResponse, allowed: boolean): unknown =>
  res.writeHead(allowed ? 200 : 401).end(allowed ? '{"object":"list","data":[{"id":"gpt-5.5"}]}' : '{}');
const lacksModel = (res: ServerResponse): unknown =>
  res.writeHead(400).end('{"error":{"message":"Missing required parameter: \'model\'."}}');
const server = createServer((req, res) => {
  asked.push(`${req.method} ${req.url}`);
  const kind = req.url?.split('/')[1] ?? '';
  const answer = ODD[kind] ?? ((unknown: ServerResponse) => unknown.writeHead(404).end());
  answer(res, req.headers.authorization ?? '', req.method === 'POST');
});
const odd = (): string => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

beforeAll(async () => {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  other = await FakeUpstream.start({ keys: [{ key: SECRET, organization: 'org-trial' }] });
  rig = await Rig.start({
    keys: [key('env')],
    env: {
      PROXY_ADMIN_TOKEN: TOKEN,
      PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32',
      OPENAI_RESOURCE_POOL_ID: 'main',
      TRIAL_KEY: SECRET,
    },
  });
});
afterAll(async () => {
  await rig.stop();
  await other.stop();
  server.closeAllConnections();
  server.close();
});

async function admin(method: string, path: string, body?: unknown): Promise<Answer> {
  const response = await fetch(`${rig.proxy.url}/admin/${path}`, {
    method,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  return { status: response.status, text, body: JSON.parse(text) as Answer['body'] };
}

const test = (over: Record<string, unknown> = {}): Promise<Answer> =>
  admin('POST', 'providers/test', { base_url: other.baseUrl, credential_ref: 'env:TRIAL_KEY', ...over });
const failed = ({ body }: Answer): Step | undefined => body.steps.find(({ status }) => status === 'failed');
const statuses = ({ body }: Answer): Record<string, string> =>
  Object.fromEntries(body.steps.map(({ step, status }) => [step, status]));

describe('the trial of a provider', () => {
  it('that works says so step by step, and stores nothing', async () => {
    const answer = await test({ id: 'draft-1' });
    expect([answer.status, answer.body.ok]).toEqual([200, true]);
    expect(statuses(answer)).toEqual({
      base_url: 'ok',
      credential: 'ok',
      connection: 'ok',
      authorization: 'ok',
      health_path: 'ok',
      models: 'ok',
      responses: 'ok',
    });
    expect(answer.body.steps.at(-2)?.message).toContain('gpt-5.5');
    expect(answer.text).not.toContain(SECRET);
    expect((await admin('GET', 'providers')).body['providers']).toEqual([]);
    expect(await rig.history.rows('SELECT * FROM providers')).toEqual([]);
  });

  it('says that an inline key works and cannot be stored without an encryption key', async () => {
    const answer = await test({ credential_ref: null, api_key: SECRET });
    expect(statuses(answer)).toMatchObject({ authorization: 'ok', models: 'ok', storage: 'failed' });
    expect(answer.body.ok).toBe(false);
    expect(failed(answer)?.fix).toContain('PROXY_SECRET_ENCRYPTION_KEY');
    expect(answer.text).not.toContain(SECRET);
  });

  it.each([
    ['a wrong key', { credential_ref: null, api_key: 'sk-wrong-0123456789' }, 'authorization', '401'],
    [
      'a key sent in the wrong header',
      { auth_type: 'header', auth_header: 'api-key' },
      'authorization',
      '401',
    ],
    ['a wrong path', { base_url: () => `${odd()}/wrong` }, 'health_path', '404'],
    ['a redirect', { base_url: () => `${odd()}/redirect` }, 'health_path', 'never followed'],
    ['a web page', { base_url: () => `${odd()}/html` }, 'models', 'no JSON'],
    ['JSON that is no list', { base_url: () => `${odd()}/listless` }, 'models', 'without a list'],
    ['an answer without end', { base_url: () => `${odd()}/endless` }, 'models', 'more than 4 MB'],
    ['a connection that is closed', { base_url: () => `${odd()}/cut` }, 'health_path', '/cut/models'],
    [
      'nobody there',
      { base_url: async () => `http://127.0.0.1:${await freePort()}/v1` },
      'connection',
      'reached',
    ],
    ['a private address', { base_url: 'http://10.1.2.3/v1' }, 'base_url', 'not a public address'],
    ['a local name', { base_url: 'http://localhost:11434/v1' }, 'base_url', 'PROXY_UPSTREAM_ALLOW_CIDRS'],
    ['a variable that is not set', { credential_ref: 'env:NOT_SET' }, 'credential', 'NOT_SET'],
    [
      'a variable of the proxy',
      { credential_ref: 'env:PROXY_ADMIN_TOKEN' },
      'credential',
      'configures this proxy',
    ],
    ['no credential', { credential_ref: null }, 'credential', 'no credential'],
  ])('names %s', async (_what, over, step, words) => {
    const { base_url: url } = over as { base_url?: string | (() => string | Promise<string>) };
    const answer = await test(typeof url === 'function' ? { ...over, base_url: await url() } : over);
    expect([answer.status, answer.body.ok]).toEqual([200, false]);
    const found = failed(answer);
    expect([found?.step, found?.message]).toEqual([step, expect.stringContaining(words)]);
    expect(found?.fix).toBeTruthy();
    expect(answer.text).not.toMatch(/sk-trial-canary|sk-wrong/);
    // A redirect's target has not been asked.
    if (words === 'never followed') expect(asked.filter((line) => line.includes(' /html'))).toEqual([]);
  });

  it.each([
    ['that speaks it', 'speaks', SECRET, 'ok', 'ok', 'accepts the key'],
    ['that answers all at once', 'together', SECRET, 'skipped', 'ok', 'accepts the key'],
    ['that has chat completions only', 'chat', SECRET, 'ok', 'failed', 'does not speak the Responses API'],
    ['whose list is public', 'public', SECRET, 'skipped', 'ok', 'accepts the key'],
    ['with a public list and a wrong key', 'public', 'sk-wrong-01234', 'skipped', 'failed', 'key is refused'],
    [
      'that looks at the key late',
      'careless',
      'sk-wrong-0123456789',
      'skipped',
      'ok',
      'only a real request shows',
    ],
  ])('asks one %s for nothing at all', async (_what, path, api_key, authorization, responses, words) => {
    asked.length = 0;
    const answer = await test({ base_url: `${odd()}/${path}`, credential_ref: null, api_key });
    expect(statuses(answer)).toMatchObject({ connection: 'ok', models: 'ok', authorization, responses });
    const step = answer.body.steps.find((one) => one.step === 'responses');
    expect(step?.message).toContain(words);
    expect(asked).toContain(`POST /${path}/responses`);
    expect(answer.text).not.toMatch(/sk-trial-canary|sk-wrong/);
  });

  it('does not repeat a key that the upstream sends back', async () => {
    const answer = await test({ base_url: `${odd()}/echo` });
    expect(failed(answer)?.message).toContain('no such key: Bearer [secret]');
    expect(answer.text).not.toContain(SECRET);
  });

  it('takes the id of a registered one alone, disabled or not, and never its key to another address', async () => {
    const made = { id: 'there', name: 'there', base_url: other.baseUrl, credential_ref: 'env:TRIAL_KEY' };
    expect((await admin('POST', 'providers', { ...made, enabled: false })).status).toBe(201);
    expect((await admin('POST', 'providers/test', { id: 'there' })).body.ok).toBe(true);
    const moved = await admin('POST', 'providers/test', { id: 'there', base_url: `${odd()}/echo` });
    expect([failed(moved)?.step, moved.text.includes('[secret]')]).toEqual(['credential', false]);
    expect((await admin('POST', 'providers/test', { id: 'nobody' })).status).toBe(404);
    expect((await admin('POST', 'providers/test', {})).body.error.param).toBe('base_url');
  });

  it('is bounded in time', async () => {
    const client = new UpstreamClient(loadConfig({}, '0.0.0').upstream);
    const resource = {
      baseUrl: `${odd()}/silent`,
      apiKey: new Secret(SECRET),
      auth: BEARER,
      guarded: false,
    } as Resource;
    const answer = await client.ask(resource, '/models', 100);
    expect(answer).toMatchObject({ status: null, failure: { kind: 'first_byte_timeout', sent: true } });
    expect(MODEL_LIST_LIMIT).toBeLessThanOrEqual(4 * 1024 * 1024);
    await client.close();
  });
});

describe('the trial of an alias', () => {
  const draft = (over: Record<string, unknown> = {}): Promise<Answer> =>
    admin('POST', 'models/test', { alias: 'team', upstream_id: 'gpt-5.5', ...over });

  it('says where it would go and that its model is listed there, and stores nothing', async () => {
    const answer = await draft({ pool_id: 'main' });
    expect(answer.body).toMatchObject({
      ok: true,
      targets: [{ resource_id: 'openai-1', lists_upstream_id: true }],
    });
    expect(statuses(answer)).toEqual({ alias: 'ok', target: 'ok', upstream_id: 'ok' });
    expect((await admin('GET', 'models')).body['models']).toEqual([]);
  });

  it.each([
    ['a model that is not listed', { upstream_id: 'gpt-unknown' }, 'upstream_id', 'openai-1 does not list'],
    ['a pool without resources', { pool_id: 'empty' }, 'target', 'has no resources'],
    ['a provider that is not there', { provider_id: 'nobody' }, 'target', 'nobody'],
    ['a provider that is disabled', { provider_id: 'there' }, 'target', 'disabled'],
    ['an alias that is disabled', { enabled: false }, 'target', 'disabled'],
  ])('names %s', async (_what, over, step, words) => {
    const answer = await draft(over);
    expect([answer.status, answer.body.ok]).toEqual([200, false]);
    expect([failed(answer)?.step, failed(answer)?.message]).toEqual([step, expect.stringContaining(words)]);
  });

  it('takes the id of a registered one, and names an alias that is taken', async () => {
    const { body } = await admin('POST', 'models', { alias: 'taken', upstream_id: 'gpt-5.5' });
    expect((await admin('POST', 'models/test', { id: body['id'] })).body.ok).toBe(true);
    expect(failed(await draft({ alias: 'taken' }))?.step).toBe('alias');
    expect((await admin('POST', 'models/test', { id: 'mdl_nobody' })).status).toBe(404);
  });
});

it('the presets pass for drafts as they are, but for what is to be filled in', async () => {
  const { presets } = (await admin('GET', 'provider-presets')).body;
  expect(presets.map((one) => one['provider_type'])).toEqual(
    expect.arrayContaining(['openai', 'azure-openai', 'openrouter', 'vllm', 'ollama', 'lm-studio', 'custom']),
  );
  for (const [i, preset] of presets.entries()) {
    const { provider_type, base_url, auth_type, auth_header, health_path } = preset;
    const made = await admin('POST', 'providers', {
      id: `preset-${i}`,
      name: `preset ${i}`,
      provider_type,
      auth_type,
      auth_header,
      health_path,
      base_url: String(base_url).replace(/\{\w+\}/, 'team.example'),
      enabled: false,
    });
    expect([provider_type, made.status]).toEqual([provider_type, 201]);
  }
});
