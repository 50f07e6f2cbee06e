import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { readSqlite } from '../support/history.js';

const scratch = mkdtempSync(join(tmpdir(), 'rpx-cli-'));

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the built command line to its end with nothing of this environment but PATH. */
async function run(
  args: readonly string[],
  env: Record<string, string> = {},
  entry = 'dist/cli/main.js',
  user: { uid?: number; gid?: number } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [entry, ...args], {
    env: { PATH: process.env['PATH'], TMPDIR: scratch, PROXY_DATA_DIR: join(scratch, 'data'), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}

describe('the command line', () => {
  it('explains itself', async () => {
    const help = await run(['--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout).toContain('serve');
    expect((await run(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  it.each([
    'serve',
    'worker',
    'doctor',
    'codex',
    'demo',
    'keys',
    'providers',
    'requests',
    'tail',
    'sessions',
    'usage',
    'export',
    'migrate-data',
    'rewrap',
    'prune',
    'docs',
  ])('explains %s, with its exit codes', async (command) => {
    const help = await run([command, '--help']);
    expect(help).toMatchObject({ code: 0, stderr: '' });
    expect(help.stdout.split('\n')[0]).toMatch(new RegExp(`^Usage: responses-proxy ${command}( |$)`));
    expect(help.stdout).toMatch(/[Ee]xit code/);
    // Not on a terminal: nothing that colours.
    expect(help.stdout).not.toContain('\u001b');
  });

  it.each(['serve', 'prune', 'doctor', 'tail'])(
    'explains %s in short, and refuses what it does not know',
    async (command) => {
      expect(await run([command, '-h'])).toMatchObject({ code: 0, stderr: '' });
      expect(await run([command, '--nonsense'])).toMatchObject({ code: 2, stdout: '' });
    },
  );

  it('refuses an unknown command with code 2', async () => {
    const { code, stderr } = await run(['sreve']);
    expect(code).toBe(2);
    expect(stderr).toContain('Unknown command "sreve"');
  });

  it('says that a worker needs PROXY_REDIS_URL', async () => {
    const { code, stdout, stderr } = await run(['worker']);
    expect(code).toBe(78);
    expect(stderr).toContain('PROXY_REDIS_URL is not set');
    expect(stdout).toBe('');
  });

  it('knows the worker by its own name too, and lets nothing but tests fail on purpose', async () => {
    const worker = await run([], {}, 'dist/cli/worker-main.js');
    expect(worker.code).toBe(78);
    expect(worker.stderr).toContain('PROXY_REDIS_URL is not set');
    const failing = await run(['worker'], { PROXY_FAILPOINT: 'after_commit' });
    expect(failing.code).toBe(78);
    expect(failing.stderr).toContain('PROXY_FAILPOINT is for tests only');
  });

  it('refuses a bad configuration with code 78, every problem and no secret', async () => {
    const { code, stdout, stderr } = await run(['serve'], { PORT: 'eighty', PROXY_ADMIN_TOKEN: 'canary' });
    expect(code).toBe(78);
    expect(stderr).toContain('PORT must be a whole number');
    expect(stderr).toContain('PROXY_ADMIN_TOKEN must be');
    expect(stdout + stderr).not.toContain('canary');
  });

  it('names the port and its variable when the port is taken', async () => {
    const holder = createServer().listen(0, '127.0.0.1');
    await once(holder, 'listening');
    const { port } = holder.address() as AddressInfo;
    const { code, stderr } = await run(['serve'], { PORT: String(port) });
    const demo = await run(['demo'], { PORT: String(port) });
    holder.close();
    expect([code, demo.code]).toEqual([1, 1]);
    for (const text of [stderr, demo.stderr])
      expect(text).toContain(
        `Port ${port} on 127.0.0.1 is already in use. Stop the process that has it, or set PORT`,
      );
  });

  it('ends with one plain line that names the variable when storage or address cannot be used', async () => {
    const file = join(scratch, 'in-the-way');
    writeFileSync(file, 'not a database, whatever its name says'.repeat(200));
    const inTheWay = await run(['serve'], { PORT: '0', PROXY_DATA_DIR: file });
    const damaged = await run(['serve'], { PORT: '0', PROXY_SQLITE_URL: `sqlite:///${file}` });
    const nowhere = await run(['serve'], { PORT: '0', HOST: '999.1.1.1' });
    const last = (ended: Ended): string => ended.stderr.trimEnd().split('\n').at(-1) ?? '';
    expect([inTheWay, damaged, nowhere].map((ended) => ended.code)).toEqual([1, 1, 1]);
    expect(last(inTheWay)).toMatch(/^PROXY_DATA_DIR: .*a file is in its place.* Set PROXY_DATA_DIR to a/);
    expect(last(damaged)).toMatch(
      /^The SQLite file .* is damaged .*Put a backup in its place.*PROXY_SQLITE_URL/,
    );
    expect(last(nowhere)).toMatch(/^This machine has no address 999\.1\.1\.1\. Set HOST/);
  }, 30_000);

  it('ends with nothing but that line where the directory of the records cannot be written or made', async () => {
    const file = join(scratch, 'a-file');
    const locked = join(scratch, 'locked');
    writeFileSync(file, '');
    mkdirSync(locked, { mode: 0o555 });
    chmodSync(scratch, 0o711);
    // To root every directory is writable.
    const anybody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
    for (const [dir, reason] of [
      [join(file, 'below'), 'a file is in its place (ENOTDIR)'],
      [locked, 'this user may not write there (EACCES)'],
      [join(locked, 'below'), 'this user may not write there (EACCES)'],
    ] as const) {
      const env = { PORT: '0', PROXY_DATA_DIR: dir, PROXY_LOG_LEVEL: 'error' };
      const { code, stderr } = await run(['serve'], env, undefined, anybody);
      expect([code, stderr.trimEnd().split('\n').length], stderr).toEqual([1, 1]);
      expect(stderr).toMatch(
        /^PROXY_DATA_DIR: cannot use .* Set PROXY_DATA_DIR to a directory that this user may write/,
      );
      expect(stderr).toContain(reason);
    }
  }, 30_000);

  it('documents exactly the variables the README lists', async () => {
    expect(await run(['docs', 'env', '--check', 'README.md'])).toMatchObject({ code: 0, stderr: '' });
  });

  it('shows itself on a stand-in upstream and leaves nothing behind', async () => {
    expect((await run(['demo', '--requests', 'many'])).stderr).toContain('--requests must be');
    const { code, stdout, stderr } = await run(['demo', '--requests', '24'], {
      PORT: '0',
      PROXY_DATA_DIR: '',
    });
    expect(stderr).toBe('');
    expect(code, stdout).toBe(0);
    expect(stdout).toMatch(/demo: dashboard: http:\/\/127\.0\.0\.1:\d+\//);
    // One prompt is too long on purpose.
    expect(stdout).toMatch(/2\d answered, [1-4] refused, 0 failed, 0 open/);
    expect(readdirSync(scratch).filter((name) => name.startsWith('responses-proxy-demo-'))).toEqual([]);
  });

  it('shows balancing, failover, cached tokens and an error in its demonstration', async () => {
    const dataDir = join(scratch, 'demo');
    const demo = ['demo', '--requests', '200', '--json'];
    const { code, stdout, stderr } = await run(demo, { PORT: '0', PROXY_DATA_DIR: dataDir });
    expect(code, stdout + stderr).toBe(0);
    const { requests: sent, answered, refused, ...rest } = JSON.parse(stdout) as Record<string, number>;
    expect(rest).toEqual({ failed: 0, open: 0, streams: 160 });
    expect([sent, (answered ?? 0) + (refused ?? 0)]).toEqual([200, 200]);
    expect(stderr).toMatch(/demo: dashboard: http:\/\/127\.0\.0\.1:\d+\//);
    const requests = await readSqlite<{ resource_id: string; state: string; cached_tokens: number | null }>(
      join(dataDir, 'proxy.sqlite3'),
      'SELECT * FROM requests',
    );
    expect(requests).toHaveLength(200);
    const shares = ['openai-1', 'openai-2', 'openai-3'].map(
      (id) => requests.filter((row) => row.resource_id === id).length / requests.length,
    );
    expect(Math.min(...shares), String(shares)).toBeGreaterThan(0.1);
    expect(requests.some((row) => (row.cached_tokens ?? 0) > 0)).toBe(true);
    expect(requests.some((row) => row.state === 'upstream_error')).toBe(true);
    const attempts = await readSqlite<{ class: string }>(
      join(dataDir, 'proxy.sqlite3'),
      "SELECT * FROM attempts WHERE class = 'B'",
    );
    expect(attempts.length).toBeGreaterThan(0);
  }, 60_000);
});
