import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { storageFailure } from './storage-failure.js';

const dir = mkdtempSync(join(tmpdir(), 'rpx-storage-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

const config = (path: string, origin: 'PROXY_DATA_DIR' | 'PROXY_SQLITE_URL' = 'PROXY_DATA_DIR') => ({
  dataDir: dir,
  database: { kind: 'sqlite', path, origin } as const,
});
const thrown = (work: () => unknown): unknown => {
  try {
    return work();
  } catch (e: unknown) {
    return e;
  }
};

it('names PROXY_DATA_DIR and the remedy when a file is in its place or the user may not write', () => {
  const file = join(dir, 'file');
  writeFileSync(file, '');
  const inTheWay = thrown(() => mkdirSync(join(file, 'below'), { recursive: true }));
  expect(storageFailure(inTheWay, config(join(file, 'below', 'proxy.sqlite3')))).toMatch(
    /^PROXY_DATA_DIR: cannot use .*file.*: a file is in its place \(ENOTDIR\)\. Set PROXY_DATA_DIR to a directory/,
  );
  const denied = Object.assign(new Error('EACCES'), { code: 'EACCES', path: '/elsewhere' });
  expect(storageFailure(denied, config('/elsewhere/x.sqlite3', 'PROXY_SQLITE_URL'))).toMatch(
    /^PROXY_SQLITE_URL: cannot use \/elsewhere: this user may not write there/,
  );
});

it('says in one line what is wrong with the SQLite file and where its place comes from', () => {
  const damaged = new Error('The SQLite file /d/p is damaged (x).\n  Put a backup in its place.');
  expect(storageFailure(damaged, config('/d/p'))).toBe(
    "The SQLite file /d/p is damaged (x). Put a backup in its place. (The file's place comes from PROXY_DATA_DIR; " +
      'to use another one set PROXY_DATA_DIR or PROXY_SQLITE_URL.)',
  );
  const readOnly = Object.assign(new Error('attempt to write a readonly database'), {
    driverError: Object.assign(new Error('ro'), { code: 'SQLITE_READONLY' }),
  });
  expect(storageFailure(readOnly, config('/d/p', 'PROXY_SQLITE_URL'))).toContain(
    'Cannot use the SQLite file /d/p: attempt to write a readonly database',
  );
});

it('leaves other errors alone', () => {
  expect(storageFailure(new Error('something else'), config('/d/p'))).toBeNull();
  expect(storageFailure('text', config('/d/p'))).toBeNull();
});
