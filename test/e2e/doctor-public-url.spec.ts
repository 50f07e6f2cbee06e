import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { doctor, found, type DoctorRun } from '../support/doctor.js';
import { FakeUpstream } from '../support/fake-upstream.js';
import { Intermediary, type Habits } from '../support/intermediary.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { runCli } from '../support/run-cli.js';

const TOKEN = 'admin-token-of-the-self-test-0123456789';

let upstream: FakeUpstream;
let proxy: ProxyProcess;
const home = mkdtempSync(join(tmpdir(), 'rpx-public-'));
const started: Intermediary[] = [];

beforeAll(async () => {
  upstream = await FakeUpstream.start({ keys: ['sk-test-public'] });
  proxy = await ProxyProcess.start({ upstream, keys: ['sk-test-public'], env: { PROXY_ADMIN_TOKEN: TOKEN } });
});
afterAll(async () => {
  for (const one of started) await one.stop();
  await proxy.dispose();
  await upstream.stop();
  rmSync(home, { recursive: true, force: true });
});

async function through(habits: Habits, idle = '0', token = TOKEN): Promise<DoctorRun> {
  const between = await Intermediary.start(proxy.port, habits);
  started.push(between);
  const env = { PORT: String(proxy.port), HOME: home, ...(token === '' ? {} : { PROXY_ADMIN_TOKEN: token }) };
  return doctor(env, ['--url', `${between.url}/v1`, '--idle', idle]);
}

const PUBLIC = ['public_url', 'streaming', 'websocket', 'headers'];

describe('what stands between clients and the proxy', () => {
  it('is nothing to speak of when streams, silence, WebSocket, headers and bodies pass', async () => {
    const { json } = await through({}, '1');
    const outcomes = json.checks.filter(({ name }) => PUBLIC.includes(name)).map(({ outcome }) => outcome);
    expect(outcomes).toEqual(['ok', 'ok', 'ok', 'ok']);
  });

  it('buffers, blocks upgrades, drops headers and refuses large requests: each has a finding and a setting', async () => {
    const { json, code } = await through({
      buffers: true,
      upgrades: false,
      dropsUnderscores: true,
      mostBodyBytes: 1_048_576,
    });
    expect(code).toBe(2);
    expect(found(json, 'stream_buffered')?.fix).toContain('proxy_buffering off');
    expect(found(json, 'stream_buffered')?.docs_url).toMatch(/^http:\/\/127.0.0.1:(?!${proxy.port})/);
    expect(found(json, 'websocket_blocked')?.evidence.join()).toMatch(
      /instead of 101|ECONNRESET|socket hang up/,
    );
    expect(found(json, 'headers_with_underscores_dropped')?.evidence.join()).toContain('session_id');
    expect(found(json, 'large_requests_refused')?.evidence.join()).toMatch(/3 MB: (answered 413|E)/);
  });

  it('cuts what is silent, or compresses it', async () => {
    const [cut, compressed] = await Promise.all([
      through({ cutsAfterMs: 700 }, '20'),
      through({ compresses: true }),
    ]);
    expect(found(cut.json, 'stream_cut_when_silent')?.evidence.join()).toMatch(
      /silent for 20 s was cut after/,
    );
    expect(found(compressed.json, 'stream_buffered')?.evidence.join()).toContain(
      'compressed on the way (gzip)',
    );
  });

  it('ends streams early, drops headers, and keeps the documents to itself', async () => {
    const { json, code } = await through({
      cutsAfterBytes: 250,
      drops: ['x-proxy-session-id', 'x-codex-window-id'],
      onlyApi: true,
    });
    expect(code).toBe(2);
    expect(found(json, 'stream_incomplete')).toMatchObject({
      symptom: expect.stringContaining('break off in the middle'),
      evidence: [expect.stringMatching(/^[1-7] of 8 events/)],
    });
    expect(found(json, 'headers_dropped')?.evidence).toEqual([
      'sent and not received: x-codex-window-id, x-proxy-session-id',
    ]);
    expect(found(json, 'stream_buffered') ?? found(json, 'headers_with_underscores_dropped')).toBeUndefined();
    // What is linked to can be opened: where it is served, and that is not the address of clients here.
    for (const { id, docs_url: link = '' } of json.findings) {
      expect(link, id).toMatch(new RegExp(`^${proxy.url}/docs/guide/[a-z]+#[a-z0-9-]+$`));
      const page = await fetch(link);
      expect([page.status, await page.text()], link).toEqual([
        200,
        expect.stringContaining(`id="${new URL(link).hash.slice(1)}"`),
      ]);
    }
  });

  it('leads elsewhere, or wants a credential', async () => {
    const stranger = await FakeUpstream.start({ keys: ['sk-test-other'] });
    const env = { PORT: String(proxy.port), HOME: home, PROXY_ADMIN_TOKEN: TOKEN };
    const elsewhere = await doctor(env, ['--url', stranger.baseUrl, '--idle', '0']);
    expect(found(elsewhere.json, 'public_url_unreachable')?.evidence.join()).toContain('it answered');
    await stranger.stop();
    const refused = await through({ forwards: true }, '0', 'not-the-token-0123456789');
    expect(found(refused.json, 'public_url_unreachable')?.evidence.join()).toContain('401');
    expect(found(refused.json, 'doctor_unauthorized')).toBeDefined();
    expect(found((await through({ forwards: true })).json, 'public_url_unreachable')).toBeUndefined();
  });

  it('is no place to guess the admin token', async () => {
    const guess = async (n: number): Promise<number> => {
      const headers = {
        'x-proxy-self-test': 'echo',
        'x-forwarded-for': '10.1.2.3',
        authorization: `Bearer guess-${n}`,
      };
      return (await fetch(`${proxy.v1}/responses`, { method: 'POST', headers, body: '{}' })).status;
    };
    const statuses = [];
    for (let n = 0; n < 25; n++) statuses.push(await guess(n));
    expect([statuses[0], statuses.at(-1)]).toEqual([401, 429]);
    expect(
      (await through({ forwards: true })).json.checks.find(({ name }) => name === 'public_url')?.outcome,
    ).toBe('ok');
  });

  it('is asked without any upstream, and leaves no record', async () => {
    expect(upstream.ledger.creates).toEqual([]);
    const { requests } = await proxy.admin<{ requests: unknown[] }>('/admin/requests', {
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect(requests).toEqual([]);
  });

  it('is asked for a turn of a model only when told to, and tells what it took', async () => {
    const env = { PORT: String(proxy.port), HOME: home, PROXY_ADMIN_TOKEN: TOKEN };
    const [served, failed, without] = await Promise.all([
      doctor(env, ['--turn', '--model', 'gpt-5.5']),
      doctor(env, ['--turn', '--model', 'fault:400']),
      runCli(['doctor', '--turn'], env),
    ]);
    expect(found(served.json, 'turn_served')?.evidence.join()).toMatch(
      /gpt-5\.5 answered by openai-1 as .*: first byte after \d+ ms, end \(response\.completed\) after \d+ ms, \d+ tokens in, \d+ out.*request req_/,
    );
    expect(found(failed.json, 'turn_failed')?.evidence.join()).toMatch(/fault:400 by openai-1: answered 400/);
    expect(failed.code).toBe(2);
    expect(without.code).toBe(2);
    expect(upstream.ledger.creates).toHaveLength(2);
  });
});
