import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tempDir } from '../support/database.js';
import { freePort } from '../support/free-port.js';
import { runCli } from '../support/run-cli.js';
import { finished, started } from '../support/telemetry-records.js';
import { hashOf, moveData, sqliteAt, withDatabase, write } from '../support/transfer-databases.js';

describe('what cannot be done is refused in words', () => {
  let scratch: ReturnType<typeof tempDir>;
  let source: { path: string; url: string };
  let before: string;
  beforeAll(async () => {
    scratch = tempDir();
    const path = join(scratch.path, 'source.sqlite3');
    source = { path, url: `sqlite:///${path}` };
    await withDatabase(sqliteAt(path), (service) => write(service, started('r1'), finished('r1')));
    before = hashOf(path);
  });
  afterEach(() => expect(hashOf(source.path)).toBe(before));
  afterAll(() => scratch.remove());

  it('explains itself', async () => {
    const { code, stdout } = await runCli(['migrate-data', '--help']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/Stop the proxy first.*goes on where it was/s);
  });

  it('--dry-run counts and writes nothing', async () => {
    const to = 'postgres://u:canary-password@127.0.0.1:1/none';
    const { code, stdout, stderr } = await moveData(source.url, to, '--dry-run');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/requests: 1 row\n/);
    expect(stdout).not.toContain('canary');
  });

  it.each([
    [
      'no database URL',
      () => ['--from', 'mysql://u:canary@h/x', '--to', 'postgres://h/x'],
      2,
      /--from is no database URL/,
    ],
    ['an unknown option', () => ['--force'], 2, /Unknown argument "--force"/],
    ['an option without its value', () => ['--from'], 2, /--from wants a URL/],
    ['no target', () => ['--from', source.url], 2, /Give --to URL or set PROXY_DATABASE_URL/],
    ['itself', () => ['--from', source.url, '--to', source.url], 1, /are the same/],
    [
      'a file that is not there',
      () => ['--from', `${source.url}.gone`, '--to', 'postgres://h/x'],
      1,
      /there is no such file/,
    ],
    [
      'a file of something else',
      () => ['--from', `sqlite:///${import.meta.filename}`, '--to', 'postgres://h/x'],
      1,
      /Cannot read the source .*not a database/,
    ],
  ] as const)('%s', async (_, args, expected, message) => {
    const { code, stdout, stderr } = await runCli(['migrate-data', ...args()]);
    expect(stderr).toMatch(message);
    expect(code, stdout).toBe(expected);
    expect(stdout + stderr).not.toContain('canary');
  });

  it('a target nobody listens on, without its password', async () => {
    const to = `postgres://somebody:canary-password@127.0.0.1:${await freePort()}/none`;
    const { code, stderr } = await runCli(['migrate-data', '--from', source.url], { PROXY_DATABASE_URL: to });
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /Cannot use the target postgres:\/\/somebody@127\.0\.0\.1:\d+\/none: .*ECONNREFUSED/,
    );
    expect(stderr).not.toContain('canary');
  });

  it('a source with the schema of an older version', async () => {
    const path = join(scratch.path, 'older.sqlite3');
    await withDatabase(sqliteAt(path), ({ dataSource }) => dataSource.undoLastMigration());
    const { code, stderr } = await moveData(`sqlite:///${path}`, 'postgres://127.0.0.1:1/none');
    expect(code).toBe(1);
    expect(stderr).toMatch(
      /schema of an older version.*Start `responses-proxy serve` of this version on it once/,
    );
  });
});
