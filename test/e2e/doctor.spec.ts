import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { diagnostics, doctor, found, type Diagnostics, type FoundThing } from '../support/doctor.js';
import { key, Rig } from '../support/rig.js';
import { runCli } from '../support/run-cli.js';
import { until } from '../support/until.js';

const [FIRST, SECOND] = [key('first', 'org-a'), key('second', 'org-b')];
const PROVIDER_SECRET = 'sk-inline-canary-0123456789';

let rig: Rig;
const home = mkdtempSync(join(tmpdir(), 'rpx-doctor-'));

beforeAll(async () => {
  rig = await Rig.start({
    keys: [FIRST, SECOND],
    env: {
      PROXY_MAX_CAPTURE_BYTES: '200',
      PROXY_UPSTREAM_ALLOW_CIDRS: '127.0.0.1/32',
      PROXY_RETENTION_DAYS: '2',
      PROXY_REQEST_TIMEOUT_SECONDS: '1',
      TEAM_KEY_OF_A_STRANGER: 'sk-nobody-knows-this',
      TEAM_KEY_THAT_WORKS: FIRST.key,
    },
  });
});
afterAll(async () => {
  rmSync(home, { recursive: true, force: true });
  await rig.stop();
});

const look = (): Promise<Diagnostics> => diagnostics(rig.proxy);
const run = (args: readonly string[] = []) => doctor({ PORT: String(rig.proxy.port), HOME: home }, args);
const send = (body: Record<string, unknown> = {}, headers = {}) => rig.client.send({ body, headers });
/** From memory and from SQL, which is written a moment later. */
const untilFound = (
  id: string,
  accept: (one: FoundThing) => boolean = () => true,
  before: () => Promise<unknown> = () => Promise.resolve(),
): Promise<FoundThing> =>
  until(
    async () => {
      await before();
      const all = await look();
      return found(all, id) ?? { id: all.findings.map((one) => one.id).join() };
    },
    (one) => one.id === id && accept(one as FoundThing),
    { what: id },
  ) as Promise<FoundThing>;
const untilGone = (...ids: string[]): Promise<Diagnostics> =>
  until(look, (all) => ids.every((id) => found(all, id) === undefined), { what: `no ${ids.join()}` });
/** What an operator is alerted by when a key is refused: its row among the events, the gauge, one line of the log. */
async function toldOf401(): Promise<void> {
  const rows = await until(
    () =>
      rig.history.rows<{ severity: string; message: string; data: string }>(
        `SELECT severity, message, data FROM events WHERE kind = 'resource.health' AND resource_id = 'openai-1'
           AND message LIKE '%invalid_key%'`,
      ),
    (all) => all.length > 0,
    { what: 'the health event' },
  );
  expect(rows).toMatchObject([{ severity: 'error' }]);
  expect(JSON.parse(rows[0]?.data ?? '')).toMatchObject({ to: 'unhealthy', reason: 'invalid_key' });
  const metrics = await (await fetch(`${rig.proxy.url}/metrics`)).text();
  expect(metrics).toMatch(/^rpx_resource_health\{resource="openai-1",status="unhealthy"\} 1$/m);
  const said = rig.proxy.logs.filter(
    ({ level, msg }) => level === 'error' && /openai-1.*invalid_key/.test(String(msg)),
  );
  expect(said).toHaveLength(1);
  expect(JSON.stringify([rows, said]) + metrics).not.toContain(FIRST.key);
}

const probe = () => rig.proxy.admin('/admin/health/check', { method: 'POST' });
const register = (body: Record<string, unknown>) =>
  fetch(`${rig.proxy.url}/admin/providers`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ base_url: rig.upstream.baseUrl, name: `name of ${String(body['id'])}`, ...body }),
  });

/** Each makes one situation real in the same process, and takes it back where it is in the way of the next. */
describe('the doctor', () => {
  it('says that no request has arrived, and where clients should send them', async () => {
    const nothing = await untilFound('no_requests');
    expect(nothing.fix).toContain(`OPENAI_BASE_URL=${rig.proxy.url}/v1`);
  });

  it('says how to start it so that many streams run evenly, where it was started directly', async () => {
    const heap = found(await look(), 'small_heap');
    expect(heap).toMatchObject({ severity: 'note' });
    expect(heap?.fix).toMatch(/^node --initial-old-space-size=256 '.*dist\/cli\/main\.js' serve$/);
  });

  it('says that the only request has not finished', async () => {
    const open = send({ model: 'plan:stepped', stream: true });
    await until(() => rig.upstream.ledger.creates.length === 1);
    expect((await untilFound('requests_not_finished')).evidence.join()).toContain('1 requests are open now');
    const step = setInterval(() => rig.upstream.step(), 5);
    await open;
    clearInterval(step);
  });

  it('finds a mistyped variable and names the right one', async () => {
    const { severity, evidence } = await untilFound('variable_without_effect');
    expect(severity).toBe('warning');
    expect(evidence.join()).toContain('did you mean PROXY_REQUEST_TIMEOUT_SECONDS');
  });

  it('lists each key with its models and organisation, and what organisations mean', async () => {
    await probe();
    const all = await look();
    expect(all.keys).toMatchObject([
      { resource_id: 'openai-1', status: 'healthy', organization: 'org-a', models: rig.upstream.models },
      { resource_id: 'openai-2', organization: 'org-b' },
    ]);
    expect(found(all, 'organizations_mixed')?.evidence.join()).toContain('org-a: openai-1');
    expect(all.codex_files).toEqual([]);
  });

  it('tells in the terminal, and to programs, the keys it asked and the files of Codex it found', async () => {
    const path = join(home, '.codex/config.toml');
    mkdirSync(join(home, '.codex'));
    writeFileSync(path, `openai_base_url = "${rig.proxy.url}/v1"\n`);
    const text = await runCli(['doctor'], { PORT: String(rig.proxy.port), HOME: home });
    expect(text.stdout).toMatch(/^openai-1 +OPENAI_API_KEYS\[1\] +healthy +org-a +gpt-5\.5, gpt-5\.5-mini$/m);
    expect(text.stdout).toMatch(/config\.toml +openai \(built in\) +http:\S+\/v1 +yes$/m);
    const { json } = await run();
    expect(json.keys).toEqual((await look()).keys);
    expect(json.codex_files).toEqual([
      { path, provider: null, base_url: `${rig.proxy.url}/v1`, points_here: true, problems: 0 },
    ]);
  });

  it('names a key that may not list models and serves all the same', async () => {
    rig.upstream.faults.set(SECOND.key, 'fault:missing_scope', { on: 'models' });
    await probe();
    const narrow = await untilFound('key_may_not_list_models');
    expect(narrow).toMatchObject({ severity: 'note' });
    expect(narrow.evidence.join()).toMatch(/openai-2 \(OPENAI_API_KEYS\[2\]\).*403/);
    rig.upstream.faults.clear();
    await probe();
  });

  it('names a key without access to a model', async () => {
    rig.upstream.faults.set(FIRST.key, 'fault:model_not_found');
    const without = await untilFound(
      'key_without_model',
      () => true,
      () => send({ model: 'gpt-secret' }),
    );
    expect(without.symptom).toMatch(/gpt-secret.*openai-1/);
    rig.upstream.faults.clear();
  });

  it('names one bad key although requests succeed, and its exit code is 1', async () => {
    rig.upstream.faults.set(SECOND.key, 'fault:403');
    await until(send, () =>
      rig.upstream.ledger.creates.some(({ key: used, status }) => used === SECOND.key && status === 403),
    );
    const { code, json, stdout } = await run();
    expect(code).toBe(1);
    const bad = found(json, 'key_refused');
    expect(bad).toMatchObject({
      severity: 'warning',
      docs: 'docs/troubleshooting.md#requests-succeed-but-a-403-appears',
    });
    expect(bad?.evidence.join()).toContain('openai-2 (OPENAI_API_KEYS[2]): forbidden');
    expect(stdout).not.toContain(SECOND.key);
  });

  it('says that nobody is left, with each reason, and its exit code is 2', async () => {
    rig.upstream.faults.set(FIRST.key, 'fault:401', { on: 'all' });
    await until(send, (entry) => entry.status !== 200);
    const { code, json } = await run();
    expect([code, json.status]).toEqual([2, 'error']);
    expect(found(json, 'no_available_resources')?.evidence.join()).toMatch(
      /openai-1: invalid_key.*openai-2: forbidden/,
    );
    expect(found(json, 'not_ready')).toBeUndefined();
    await toldOf401();
    rig.upstream.faults.clear();
    await probe();
    await until(
      () => probe().then(() => send()),
      (entry) => entry.status === 200,
    );
  });

  it('tells empty token columns from 0, and bodies that were cut', async () => {
    const usual = rig.upstream.usage;
    rig.upstream.usage = () => null;
    for (let i = 0; i < 24; i++) await send({ input: 'x'.repeat(400) });
    const empty = await untilFound('tokens_empty', ({ evidence }) => /tell no tokens/.test(evidence.join()));
    expect(empty).toMatchObject({ severity: 'warning' });
    expect(empty.evidence.join()).toMatch(/\d+ of the last \d+ completed requests tell no tokens/);
    expect((await untilFound('bodies_truncated')).evidence.join()).toContain('PROXY_MAX_CAPTURE_BYTES=200');
    rig.upstream.usage = usual;
  });

  it('notices a clock that is wrong, retention that does not fit, and a key with other models', async () => {
    rig.upstream.extraHeaders = { date: new Date(Date.now() - 3_600_000).toUTCString() };
    expect((await untilFound('clock_skew')).evidence.join()).toMatch(/3[56]\d\d s ahead of 127\.0\.0\.1/);
    rig.upstream.extraHeaders = {};
    expect((await untilFound('bodies_outlive_requests')).evidence.join()).toContain('PROXY_RETENTION_DAYS=2');
  });

  it('hears of callers that were refused, and of inline keys that were', async () => {
    const refused = await fetch(`${rig.proxy.url}/admin/providers`, {
      headers: { 'x-forwarded-for': '10.1.2.3' },
    });
    const rejected = await register({ id: 'inline', api_key: PROVIDER_SECRET });
    expect([refused.status, rejected.status]).toEqual([401, 400]);
    const all = await look();
    expect(found(all, 'registry_unauthorized')).toMatchObject({ severity: 'warning' });
    expect(found(all, 'no_encryption_key')?.evidence.join()).toContain('1 inline keys were refused');
    expect(JSON.stringify(all)).not.toContain(PROVIDER_SECRET);
  });

  it('says why registered providers get no traffic: disabled, no credential, failing, pool not asked for', async () => {
    await register({ id: 'idle', enabled: false, credential_ref: 'env:TEAM_KEY_OF_A_STRANGER' });
    await register({ id: 'keyless', credential_ref: 'env:TEAM_KEY_THAT_IS_UNSET' });
    await register({ id: 'stranger', credential_ref: 'env:TEAM_KEY_OF_A_STRANGER' });
    await register({ id: 'pooled', pool_id: 'elsewhere', auth_type: 'none' });
    await probe();
    const all = await look();
    const about = (id: string) => found(all, id)?.evidence.join();
    expect(about('provider_disabled')).toContain('idle: It is disabled');
    expect(about('provider_unusable')).toContain('TEAM_KEY_THAT_IS_UNSET');
    expect(about('provider_failing')).toContain('stranger: invalid_key');
    expect(found(all, 'pool_without_resources')?.evidence.join()).toContain('pooled');
  });

  it('names a registered provider whose pool nobody asks for', async () => {
    const credential_ref = 'env:TEAM_KEY_THAT_WORKS';
    await register({ id: 'asked', pool_id: 'asked-for', credential_ref });
    await register({ id: 'unasked', pool_id: 'forgotten', credential_ref });
    await probe();
    // As many as are remembered: one of before that asked for no pool could have gone there.
    const ask = () => send({}, { 'x-proxy-pool-id': 'asked-for' });
    for (let sent = 0; sent < 200; sent += 10) await Promise.all(Array.from({ length: 10 }, ask));
    const unasked = await untilFound('provider_pool_not_asked_for');
    expect(unasked.evidence).toEqual([
      'it is in the pool forgotten; the last requests all asked for asked-for',
    ]);
  });

  it('says what to do in commands that do it', async () => {
    const { findings } = await look();
    // A new key is the operator's to fill in.
    const calls = findings.filter(({ fix }) => fix.startsWith('curl ') && !fix.includes('sk-…'));
    const ids = ['provider_disabled', 'provider_failing', 'provider_unusable', 'provider_pool_not_asked_for'];
    expect(calls.map(({ id }) => id)).toEqual(expect.arrayContaining(ids));
    for (const { id, fix } of calls) {
      const command = fix.replace('curl -sS', 'curl -sS --fail-with-body --max-time 20');
      // The upstream is in this process: waiting for the command must not keep it from answering.
      const failed = await promisify(execFile)('bash', ['--norc', '-c', command], {
        env: { PATH: process.env['PATH'], NO_PROXY: '*' },
      }).catch((e: unknown) => e);
      expect(failed, `${id}: ${fix}`).not.toBeInstanceOf(Error);
    }
    await untilGone('provider_disabled', 'provider_pool_not_asked_for');
  });

  it('links each finding to a section that the proxy serves, without inline code or styles', async () => {
    const { json } = await run();
    const pages = new Map<string, string>();
    for (const { id, docs_url: link = '' } of json.findings) {
      const [page = '', anchor] = link.split('#');
      expect(page, id).toMatch(new RegExp(`^${rig.proxy.url}/docs/guide/`));
      if (!pages.has(page)) {
        const answer = await fetch(page);
        expect(answer.headers.get('content-security-policy')).not.toContain('unsafe');
        pages.set(page, await answer.text());
      }
      expect(pages.get(page), id).toContain(` id="${anchor}"`);
    }
    const style = await fetch(`${rig.proxy.url}/docs/guide.css`);
    expect(style.headers.get('content-type')).toContain('text/css');
    for (const page of ['no-such-page', 'README.md', '..%2fpackage.json'])
      expect((await fetch(`${rig.proxy.url}/docs/guide/${page}`)).status).toBe(404);
  });

  it('never prints a key, and says everything in words, too', async () => {
    const { json, stdout, stderr } = await run();
    for (const secret of [FIRST.key, SECOND.key, 'sk-nobody-knows-this', PROVIDER_SECRET])
      expect(stdout + stderr).not.toContain(secret);
    for (const one of json.findings)
      expect([one.symptom, one.cause, one.fix, ...one.evidence].every((text) => text.length > 3)).toBe(true);
  });
});
