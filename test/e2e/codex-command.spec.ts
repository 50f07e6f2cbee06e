import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { Codex } from '../support/codex.js';
import { doctor, found } from '../support/doctor.js';
import { key, Rig } from '../support/rig.js';
import { runCli, type CliResult } from '../support/run-cli.js';
import { describeWith } from '../support/skip.js';
import { headerValues } from '../support/upstream-ledger.js';

const SECRET = 'sk-test-codex';
const FLAGS = ['--skip-git-repo-check', '--dangerously-bypass-approvals-and-sandbox'];

describeWith(Codex.available(), 'the Codex CLI (@openai/codex)')('responses-proxy codex', () => {
  let rig: Rig;
  const home = mkdtempSync(join(tmpdir(), 'rpx-codex-command-'));
  const codexHome = join(home, 'codex');

  beforeAll(async () => {
    mkdirSync(codexHome);
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
