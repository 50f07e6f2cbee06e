import {
  accessSync,
  chmodSync,
  closeSync,
  constants,
  existsSync,
  mkdirSync,
  openSync,
  realpathSync,
  statSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import sqlite3 from 'sqlite3';

/** Above this size only the schema is read: a full check of a large file would hold up the start for seconds. */
const FULL_CHECK_BYTES = 256 * 1024 * 1024;
const WAL_WAIT_MS = 60_000;
const PRIVATE = 0o600;

/**
 * Looks at the file before anything may write to it. A damaged one refuses to start and stays exactly as it is, the
 * write-ahead log beside it included: it is what a repair starts from.
 */
export async function preflightSqlite(path: string): Promise<void> {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  // The log beside the file is made anew by whoever opens it. SQLite itself would not say what is wrong.
  const file = existsSync(path) ? realpathSync(path) : path;
  accessSync(dirname(file), constants.W_OK | constants.X_OK);
  makePrivate(path);
  if (existsSync(path) && statSync(path).size > 0) await checkIntegrity(path);
  await enableWal(path);
}

/** Prompts and answers are in there. SQLite gives the files it adds beside this one the same mode. */
function makePrivate(path: string): void {
  try {
    // Only when there is none: closing a file takes the locks that this process has on it.
    if (!existsSync(path)) closeSync(openSync(path, 'a', PRIVATE));
    for (const name of [path, `${path}-wal`, `${path}-shm`]) if (existsSync(name)) chmodSync(name, PRIVATE);
  } catch {
    // Another user's file, or a read-only disk: whether it can be used at all is found out next, with a better message.
  }
}

async function checkIntegrity(path: string): Promise<void> {
  const full = statSync(path).size <= FULL_CHECK_BYTES;
  let verdict: string;
  try {
    verdict = await withConnection(path, sqlite3.OPEN_READONLY, async (db) => {
      await all(db, 'PRAGMA busy_timeout = 5000');
      const rows = await all(db, full ? 'PRAGMA quick_check(1)' : 'PRAGMA schema_version');
      return full ? String(Object.values(rows[0] ?? {})[0]) : 'ok';
    });
  } catch (e: unknown) {
    if (!isDamage(e)) throw new Error(`Cannot open the SQLite file ${path}: ${messageOf(e)}`, { cause: e });
    verdict = messageOf(e);
  }
  if (verdict !== 'ok') throw new Error(damageMessage(path, verdict));
}

/** The journal mode is stored in the file. Two processes that start together may refuse each other: try again. */
async function enableWal(path: string): Promise<void> {
  const deadline = performance.now() + WAL_WAIT_MS;
  for (;;) {
    try {
      await withConnection(path, sqlite3.OPEN_READWRITE | sqlite3.OPEN_CREATE, (db) =>
        all(db, 'PRAGMA journal_mode = WAL'),
      );
      return;
    } catch (e: unknown) {
      if (!/SQLITE_(BUSY|LOCKED)/.test(messageOf(e)) || performance.now() > deadline)
        throw new Error(`Cannot open the SQLite file ${path}: ${messageOf(e)}`, { cause: e });
      await sleep(50);
    }
  }
}

function isDamage(e: unknown): boolean {
  return /SQLITE_(CORRUPT|NOTADB)/.test(messageOf(e));
}

function damageMessage(path: string, verdict: string): string {
  return (
    `The SQLite file ${path} is damaged (${verdict}). It was left untouched; records that are not in it yet wait in ` +
    `the spool. Put a backup in its place (cp <backup> '${path}'), or salvage what is readable: ` +
    `sqlite3 '${path}' .recover | sqlite3 '${path}.recovered' && mv '${path}' '${path}.damaged' && ` +
    `mv '${path}.recovered' '${path}'. Then start again.`
  );
}

async function withConnection<T>(
  path: string,
  mode: number,
  work: (db: sqlite3.Database) => Promise<T>,
): Promise<T> {
  const db = await new Promise<sqlite3.Database>((resolve, reject) => {
    const opened: sqlite3.Database = new sqlite3.Database(path, mode, (error) =>
      error === null ? resolve(opened) : reject(error),
    );
  });
  try {
    return await work(db);
  } finally {
    await new Promise<void>((resolve) => {
      db.close(() => resolve());
    });
  }
}

function all(db: sqlite3.Database, sql: string): Promise<Record<string, unknown>[]> {
  return new Promise((resolve, reject) => {
    db.all<Record<string, unknown>>(sql, (error, rows) => (error === null ? resolve(rows) : reject(error)));
  });
}

function messageOf(e: unknown): string {
  return e instanceof Error ? e.message : String(e);
}
