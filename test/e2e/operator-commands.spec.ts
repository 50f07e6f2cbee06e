import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Rig, key } from '../support/rig.js';
import { runCli, startCli } from '../support/run-cli.js';
import { until } from '../support/until.js';

const TOKEN = 'an-admin-token-of-enough-length-000';
let rig: Rig;

beforeAll(async () => {
  rig = await Rig.start({
    keys: [key('1'), key('2')],
    env: { PROXY_ADMIN_TOKEN: TOKEN, PROXY_ANONYMOUS_ACCESS: 'proxy' },
  });
});
afterAll(() => rig.stop());

const ask = (...args: string[]) => runCli([...args, '--url', rig.proxy.url], { PROXY_ADMIN_TOKEN: TOKEN });

async function aRequest(session: string, model = 'gpt-5'): Promise<string> {
  const seen = await rig.client.send({
    headers: { 'x-proxy-session-id': session, 'x-proxy-session-name': 'a name' },
    body: { model },
  });
  return (await rig.history.finished(seen.proxyRequestId)).id;
}

describe('the commands that ask a running proxy', () => {
  it('show requests, one request, its session and the usage, as tables and as JSON', async () => {
    const id = await aRequest('cli-1');
    const list = await ask('requests', '--session', 'cli-1');
    expect(list).toMatchObject({ code: 0, stderr: '' });
    expect(list.stdout).toMatch(/^STARTED +REQUEST/);
    expect(list.stdout).toContain(id);

    const json = await ask('requests', '--session', 'cli-1', '--json');
    expect(
      json.stdout
        .trim()
        .split('\n')
        .map((text) => JSON.parse(text) as object),
    ).toMatchObject([{ id, state: 'completed', session_id: 'cli-1' }]);
    const one = await ask('requests', id);
    expect(one.stdout).toMatch(/ATTEMPT +RESOURCE[\s\S]*Decision 1: [\s\S]*chosen/);
    expect(one.stdout).not.toContain('After attempt');
    const lost = await ask('requests', await aRequest('cli-lost', 'fault:reset'));
    expect(lost.stdout).toMatch(/After attempt 1: Not tried elsewhere: the whole request had been sent/);
    const session = await ask('sessions', 'cli-1');
    expect(session.stdout).toMatch(/Served by openai-\d \(1\); 0 moves/);
    expect((await ask('sessions')).stdout).toContain('cli-1');
    expect((await ask('usage', '--by', 'resource', '--since', '1h')).stdout).toMatch(
      /RESOURCE[\s\S]*openai-/,
    );
  });

  it('end quietly when whoever reads them has seen enough', async () => {
    await aRequest('cli-pipe');
    const { child, ended } = startCli(['requests', '--json', '--url', rig.proxy.url], {
      PROXY_ADMIN_TOKEN: TOKEN,
    });
    child.stdout?.destroy();
    expect(await ended).toMatchObject({ code: 0, stderr: '' });
  });

  it('write nothing to the terminal that it would act on', async () => {
    const id = await aRequest('cli-hostile', 'red \u009b31m\u001b[2J');
    const { stdout } = await ask('requests', id);
    expect(stdout).toContain('cli-hostile');
    expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/);
  });

  it('show a request while it runs, and again when it has ended', async () => {
    const tail = startCli(['tail', '--url', rig.proxy.url, '--json', '--session', 'cli-live'], {
      PROXY_ADMIN_TOKEN: TOKEN,
    });
    let said = '';
    tail.child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
    const lines = (): string[] => said.split('\n').slice(0, -1);
    const leave = new AbortController();
    try {
      await fetch(`${rig.proxy.v1}/responses`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-proxy-session-id': 'cli-live' },
        body: JSON.stringify({ model: 'fault:stall,after=4', input: 'x', stream: true }),
        signal: leave.signal,
      });
      await until(lines, ({ length }) => length > 0, { what: 'the running request in the tail' });
      leave.abort();
      await until(lines, ({ length }) => length > 1, { what: 'its end in the tail' });
      const states = lines().map((text) => (JSON.parse(text) as { state: string }).state);
      expect(states).toEqual(['in_progress', 'client_aborted']);
    } finally {
      leave.abort();
      tail.child.kill('SIGTERM');
      await tail.ended;
    }
  });

  it('follow requests as they end, each once, and only those asked for', async () => {
    const tail = startCli(
      ['tail', '--url', rig.proxy.url, '--json', '--ended-only', '--session', 'cli-tail', '--lines', '1'],
      {
        PROXY_ADMIN_TOKEN: TOKEN,
      },
    );
    try {
      let seen = '';
      tail.child.stdout?.on('data', (chunk: Buffer) => (seen += chunk.toString()));
      const first = await aRequest('cli-tail');
      await until(() => seen.includes(first), { what: 'the first request in the tail' });
      await aRequest('cli-other');
      const second = await aRequest('cli-tail');
      await until(() => seen.includes(second), { what: 'the second request in the tail' });
      expect(seen.trim().split('\n')).toHaveLength(2);
    } finally {
      tail.child.kill('SIGTERM');
      await tail.ended;
    }
  });

  it('export everything as NDJSON or CSV, to a file that is there only when it is whole', async () => {
    await aRequest('cli-export', '=HYPERLINK("http://127.0.0.1","x")');
    const count = (await rig.history.rows<object>('SELECT id FROM requests')).length;
    const ndjson = await ask('export', 'requests');
    const rows = ndjson.stdout
      .trim()
      .split('\n')
      .map((text) => JSON.parse(text) as { id: string });
    expect(new Set(rows.map(({ id }) => id)).size).toBe(count);
    const file = join(rig.proxy.dataDir, 'requests.csv');
    const csv = await ask('export', 'requests', '--format', 'csv', '--output', file);
    expect(csv).toMatchObject({ code: 0, stdout: '' });
    const text = readFileSync(file, 'utf8');
    expect(text.split('\r\n')).toHaveLength(count + 2);
    expect(text).toContain(`"'=HYPERLINK(""http://127.0.0.1"",""x"")"`);
    for (const subject of ['sessions', 'decisions', 'usage'])
      expect((await ask('export', subject, '--format', 'csv', '--since', '1h')).stdout).toMatch(/^\w+,\w+/);
    expect((await ask('export', 'bodies')).code).toBe(2);
    expect((await ask('export', 'usage', '--format', 'xml')).stderr).toContain('format must be one of');
    const head = await fetch(`${rig.proxy.url}/admin/export/requests`, {
      method: 'HEAD',
      headers: { authorization: `Bearer ${TOKEN}` },
    });
    expect([head.status, head.headers.get('content-type')]).toEqual([
      200,
      'application/x-ndjson; charset=utf-8',
    ]);
    expect((await fetch(`${rig.proxy.url}/admin/export/requests`)).status).toBe(401);
  });

  it('leave nothing of an export that is stopped, and say so', async () => {
    const endless = createServer((_req, res) => void res.write('{"id":"req_1"}\n'));
    await new Promise<void>((resolve) => endless.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(endless.address() as AddressInfo).port}`;
    const file = join(rig.proxy.dataDir, 'stopped.ndjson');
    const { child, ended } = startCli(['export', 'requests', '--output', file, '--url', url]);
    await until(() => existsSync(`${file}.partial`));
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    endless.closeAllConnections();
    endless.close();
    expect([code, existsSync(file), existsSync(`${file}.partial`)]).toEqual([130, false, false]);
    expect(stderr).toContain('was not written');
  });

  it('prune on demand, and say first what that would delete', async () => {
    const id = await aRequest('cli-prune');
    const env = { PROXY_DATA_DIR: rig.proxy.dataDir };
    const nowhere = join(rig.proxy.dataDir, 'mistyped.sqlite3');
    const fresh = join(rig.proxy.dataDir, 'fresh.sqlite3');
    writeFileSync(fresh, '');
    const dryRun = ['prune', '--dry-run'];
    const of = (file: string) => ({ ...env, PROXY_SQLITE_URL: `sqlite:///${file}` });
    const [dry, told, mistyped, unmigrated, wrong, older] = await Promise.all([
      runCli([...dryRun, '--json', '--days', '0'], env),
      runCli(dryRun, { ...env, PROXY_DECISION_RETENTION_DAYS: '3' }),
      runCli(dryRun, of(nowhere)),
      runCli([...dryRun, '--json'], of(fresh)),
      runCli(['prune', '--days', 'many'], env),
      runCli(['prune'], of(fresh)),
    ]);
    const would = JSON.parse(dry.stdout) as Record<string, { rows: number; before: number }>;
    expect(would['requests']?.rows).toBeGreaterThan(0);
    expect(Date.now() - (would['requests']?.before ?? 0)).toBeLessThan(60_000);
    expect(Object.keys(would)).not.toContain('audit_entries');
    const days = (table: string): number => {
      const line = new RegExp(`${table}: 0 rows from before (.*)`).exec(told.stdout)?.[1] ?? '';
      return Math.round((Date.now() - Date.parse(line)) / 86_400_000);
    };
    expect(['requests', 'decisions', 'bodies', 'key_usage'].map(days)).toEqual([30, 3, 7, 62]);
    expect(mistyped).toMatchObject({ code: 1, stdout: '' });
    expect(mistyped.stderr).toContain('There is no database');
    expect(existsSync(nowhere)).toBe(false);
    expect(unmigrated).toMatchObject({ code: 0, stdout: '{}\n' });
    expect(older).toMatchObject({ code: 1, stdout: '' });
    expect(older.stderr).toMatch(/schema of an older version.*responses-proxy serve migrates it/);
    expect(statSync(fresh).size).toBe(0);
    expect(wrong.code).toBe(2);
    expect((await rig.history.rows(`SELECT id FROM requests WHERE id = '${id}'`)).length).toBe(1);
    expect((await runCli(['prune', '--days', '0'], env)).stdout).toMatch(/Deleted:[^]*requests: \d+ rows/);
    expect(await rig.history.rows('SELECT id FROM requests')).toEqual([]);
  }, 60_000);

  it('say what is wrong and what to do about it', async () => {
    const nobody = await runCli(['requests', '--url', 'http://127.0.0.1:1']);
    expect(nobody).toMatchObject({ code: 1, stdout: '' });
    expect(nobody.stderr).toContain('Start the proxy (`npm start`');
    const noToken = await runCli(['requests', '--url', rig.proxy.url]);
    expect(noToken.code).toBe(1);
    expect(noToken.stderr).toContain('Set PROXY_ADMIN_TOKEN');
    const wrong = await runCli(['usage', '--url', rig.proxy.url], { PROXY_ADMIN_TOKEN: 'x'.repeat(40) });
    expect(wrong.stderr).toContain('is not the token of that proxy');
    expect(wrong.stderr).not.toContain('xxxx');
    for (const args of [
      ['requests', '--limit', '0'],
      ['usage', '--nonsense'],
      ['keys', 'create'],
      ['tail', 'x'],
    ])
      expect((await ask(...args)).code, args.join(' ')).toBe(2);
    const unknown = await ask('requests', 'req_019a2b3c4d5e0123456789abcdef0123');
    expect(unknown.stderr).toContain('There is no such request');
    expect((await ask('requests', '--since', 'yesterday')).stderr).toContain('since must be');
    expect((await runCli(['tail', '--help'])).stdout).toContain('Follows requests');
  });

  // Last: from the first key on /v1 wants one.
  it('make, list and revoke client keys; the key alone is on standard output', async () => {
    const made = await ask('keys', 'create', 'ci', '--models', 'gpt-5', '--daily-usd', '5');
    expect(made.stdout).toMatch(/^rpx_\S+\n$/);
    const id = /key_[0-9a-f]+/.exec(made.stderr)?.[0] ?? '';
    expect((await ask('keys')).stdout).toMatch(new RegExp(`${id} +ci +rpx_\\S+ +active`));
    expect((await ask('keys', 'revoke', id)).code).toBe(0);
    expect((await ask('keys', 'list')).stdout).toMatch(new RegExp(`${id} .*revoked`));
    expect((await ask('providers')).stdout).toBe('No provider is registered.\n');
  });
});
