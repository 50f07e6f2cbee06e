import { chmodSync, existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { preflightSqlite } from './sqlite-preflight.js';

const modeOf = (path: string): number => statSync(path).mode & 0o777;

describe('preflightSqlite', () => {
  let root: string;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'rpx-preflight-'));
  });
  afterEach(() => rmSync(root, { recursive: true, force: true }));

  it('makes a directory and a file for this user only', async () => {
    const path = join(root, 'data', 'proxy.sqlite3');
    await preflightSqlite(path);
    expect([modeOf(join(root, 'data')), modeOf(path)]).toEqual([0o700, 0o600]);
  });

  it('takes existing files from everybody else, the log beside them included', async () => {
    const path = join(root, 'proxy.sqlite3');
    await preflightSqlite(path);
    for (const name of [path, `${path}-wal`, `${path}-shm`]) {
      if (!existsSync(name)) writeFileSync(name, '');
      chmodSync(name, 0o644);
    }
    await preflightSqlite(path);
    for (const name of [path, `${path}-wal`, `${path}-shm`]) {
      if (existsSync(name)) expect(modeOf(name), name).toBe(0o600);
    }
    expect(modeOf(path)).toBe(0o600);
  });

  it('leaves a damaged file as it is', async () => {
    const path = join(root, 'proxy.sqlite3');
    writeFileSync(path, 'not a database at all, whatever its name says'.repeat(100));
    await expect(preflightSqlite(path)).rejects.toThrow('is damaged');
  });
});
