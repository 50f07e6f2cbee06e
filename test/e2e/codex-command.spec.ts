import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Codex } from '../support/codex.js';
import { doctor, found } from '../support/doctor.js';
import { key, Rig } from '../support/rig.js';
import { runCli, startCli, type CliResult } from '../support/run-cli.js';
import { describeWith } from '../support/skip.js';
import { until } from '../support/until.js';
import { headerValues } from '../support/upstream-ledger.js';

const SECRET = 'sk-test-codex';
const FLAGS = ['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox'];

describeWith(Codex.available(), 'the Codex CLI (@openai/codex)')('responses-proxy codex', () => {
  let rig: Rig;
  const home = mkdtempSync(join(tmpdir(), 'rpx-codex-command-'));
  const codexHome = join(home, 'codex');
  const scratch = { TMPDIR: join(home, 'tmp') };

  beforeAll(async () => {
    for (const dir of [codexHome, scratch.TMPDIR]) mkdirSync(dir);
    rig = await Rig.start({ keys: [key('codex')] });
  });
  afterAll(async () => {
    rmSync(home, { recursive: true, force: true });
    await rig.stop();
  });

  const environment = (): Record<string, string> => ({
    HOME: home,
    CODEX_HOME: codexHome,
    PATH: `${resolve('node_modules/.bin')}:${process.env['PATH'] ?? ''}`,
    PORT: String(rig.proxy.port),
    OPENAI_API_KEYS: SECRET,
    NO_PROXY: '127.0.0.1,localhost',
    HTTPS_PROXY: 'http://127.0.0.1:9',
  });
  const run = (args: readonly string[], env: Record<string, string> = {}): Promise<CliResult> =>
    runCli(['codex', ...args], { ...environment(), ...env });
  const exec = (prompt: string, ...more: string[]): string[] => [
    'exec',
    ...FLAGS,
    ...more,
    '-c',
    'model="gpt-5.5"',
    prompt,
  ];

  it('does a turn through the proxy, and hides the keys of the proxy from what Codex runs', async () => {
    const { code, stdout, stderr } = await run(exec('call:exec_command {"cmd":"env"}', '--json'));
    expect(code, stderr).toBe(0);
    expect(stdout).toContain('CODEX_HOME');
    expect(stdout).not.toContain(SECRET);
    const [arrival] = rig.upstream.ledger.creates;
    expect(headerValues(arrival!, 'authorization')).toEqual([`Bearer ${SECRET}`]);
  }, 60_000);

  it('passes on the exit code of Codex, and says when the proxy or Codex is not there', async () => {
    const refused = await run(['exec', '--no-such-flag']);
    expect(refused.code).toBe(2);
    const away = await run(['exec', 'x'], { PORT: '9' });
    expect([away.code, away.stderr]).toEqual([
      1,
      expect.stringContaining('No proxy answers at http://127.0.0.1:9'),
    ]);
    const missing = await run(['exec', 'x'], { PATH: home });
    expect([missing.code, missing.stderr]).toEqual([1, expect.stringContaining('not on PATH')]);
  }, 60_000);

  it('prints a file that Codex takes, and the doctor names the inline string that Codex refuses', async () => {
    const { stdout, code } = await run(['--print']);
    expect(code).toBe(0);
    const toml = stdout.slice(stdout.indexOf('model_provider = '));
    const json = await run(['--print', '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      base_url: `${rig.proxy.url}/v1`,
      toml,
      overrides: expect.arrayContaining(['model_provider="proxy"']) as string[],
    });
    expect((await run(['--json', 'exec', 'x'])).code).toBe(2);
    const file = join(codexHome, 'config.toml');
    writeFileSync(file, toml);
    const taken = await runCodex();
    expect(taken.stderr).not.toContain('invalid type');
    expect(found((await doctor(environment())).json, 'codex_inline_string')).toBeUndefined();

    writeFileSync(
      file,
      `model_provider = "proxy"\n[model_providers]\nproxy = "{ name = 'proxy', base_url = '${rig.proxy.v1}' }"\n`,
    );
    const refused = await runCodex();
    expect(refused.stderr).toMatch(/invalid type: string .*expected struct ModelProviderInfo/);
    const named = found((await doctor(environment())).json, 'codex_inline_string');
    expect(named).toMatchObject({
      severity: 'error',
      docs: expect.stringContaining('#codex-toml-given') as string,
    });
    expect(named?.evidence.join()).toContain(`${file}:3`);
    rmSync(file);
  }, 60_000);

  it('tests itself by one turn that no setting of the user touches, and finds its record', async () => {
    const file = join(codexHome, 'config.toml');
    writeFileSync(file, 'this is no TOML');
    const before = rig.upstream.ledger.creates.length;
    const { code, stdout, stderr } = await run(['--self-test', '--model', 'gpt-5.5', '--json'], scratch);
    rmSync(file);
    expect(code, stdout + stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      ok: true,
      steps: [
        { step: 'codex', ok: true },
        { step: 'answer', ok: true, said: expect.stringMatching(/you said .*tokens in/) as string },
        { step: 'record', ok: true },
      ],
    });
    expect(rig.upstream.ledger.creates.slice(before).map(({ model }) => model)).toEqual(['gpt-5.5']);
    const { requests } = await rig.proxy.admin<{ requests: { id: string }[] }>('/admin/requests?limit=1');
    expect(stdout).toContain(`${requests[0]?.id}: completed, status 200, gpt-5.5 by openai-1`);
    expect(readdirSync(scratch.TMPDIR)).toEqual([]);
  }, 60_000);

  it('leaves nothing of a self-test that is stopped', async () => {
    const before = rig.upstream.ledger.creates.length;
    rig.upstream.faults.set(SECRET, 'fault:hang');
    const { child, ended } = startCli(['codex', '--self-test'], { ...environment(), ...scratch });
    await until(() => rig.upstream.ledger.creates.length > before, { timeoutMs: 30_000 });
    child.kill('SIGTERM');
    const { code, stdout } = await ended;
    rig.upstream.faults.clear();
    expect([code, stdout]).toEqual([130, '']);
    expect(readdirSync(scratch.TMPDIR)).toEqual([]);
    await rig.proxy.idle();
  }, 60_000);

  // The last one: its key is put aside.
  it('says in plain words what a refused key does to a turn', async () => {
    rig.upstream.faults.set(SECRET, 'fault:401');
    const { code, stdout } = await run(['--self-test'], scratch);
    expect(code, stdout).toBe(1);
    const [codex, answer, record, end] = stdout.split('\n');
    expect(codex).toMatch(/^✗ codex .*exit code 1: .*502/);
    expect(answer).toBe('✗ answer  no answer of a model reached Codex');
    expect(record).toMatch(/^✗ record  req_\w+: upstream_error, status 502, upstream_auth_failed, /);
    expect(end).toContain('responses-proxy doctor says more');
    expect(stdout).not.toContain(SECRET);
    expect(readdirSync(scratch.TMPDIR)).toEqual([]);
  }, 60_000);

  /** Codex itself, with its file alone. */
  async function runCodex(): Promise<{ readonly stderr: string }> {
    const codex = new Codex([]);
    try {
      return await codex.exec(['say hello'], 30_000, { CODEX_HOME: codexHome });
    } finally {
      codex.dispose();
    }
  }
});
