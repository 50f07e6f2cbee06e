import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readSqlite } from '../support/history.js';
import { LockedSqlite } from '../support/locked-sqlite.js';
import { outage } from '../support/outage.js';
import { Rig } from '../support/rig.js';
import { describeWith } from '../support/skip.js';
import { mayMount, SmallDisk } from '../support/small-disk.js';
import { pause, until } from '../support/until.js';

/** 10000 in a release run; longer than the five seconds after which a writer gives up. */
const LOCKED_MS = Number(process.env['RPX_LOCKED_MS'] ?? 6_000);
const LIMIT_MS = 120_000;

let rig: Rig;

afterEach(() => rig.stop());

const drainError = async (): Promise<string> => JSON.stringify(await rig.proxy.state());
const fileOf = (): string => join(rig.proxy.dataDir, 'proxy.sqlite3');

async function locked(path: string, work: () => Promise<void>): Promise<void> {
  const lock = await LockedSqlite.take(path);
  await work();
  await lock.release();
}

describe('SQLite under load', () => {
  it(
    'is locked by another program for a while',
    async () => {
      rig = await Rig.start();
      const figures = await outage(rig, () => locked(fileOf(), () => pause(LOCKED_MS)));
      console.log(`locked for ${LOCKED_MS} ms`, JSON.stringify(figures));
    },
    LIMIT_MS,
  );

  it(
    'starts beside a program that has it locked: a schema that is current needs no lock',
    async () => {
      rig = await Rig.start();
      await rig.proxy.stop();
      await locked(fileOf(), async () => {
        await rig.proxy.restart();
        expect((await rig.client.send({ body: {} })).status).toBe(200);
      });
      await until(
        () => rig.proxy.state(),
        (state) => state.queue_depth === 0,
        { timeoutMs: 20_000 },
      );
    },
    LIMIT_MS,
  );
});

const immutable = (on: boolean, ...paths: string[]): boolean =>
  paths.every((path) => spawnSync('chattr', [on ? '+i' : '-i', path]).status === 0);

function mayMakeImmutable(): boolean {
  const probe = mkdtempSync(join(tmpdir(), 'rpx-probe-'));
  const may = immutable(true, probe) && immutable(false, probe);
  rmSync(probe, { recursive: true, force: true });
  return may;
}

describeWith(mayMakeImmutable(), 'chattr (root, on ext4)')('a file that may not be written', () => {
  it(
    'for a while, under load',
    async () => {
      rig = await Rig.start();
      const files = [fileOf(), `${fileOf()}-wal`];
      try {
        const figures = await outage(rig, async () => {
          expect(immutable(true, ...files)).toBe(true);
          await until(drainError, (text) => /SQLITE_/.test(text), {
            timeoutMs: 20_000,
            what: 'a refused write',
          });
          await pause(1_000);
          expect(immutable(false, ...files)).toBe(true);
        });
        console.log('read-only', JSON.stringify(figures));
      } finally {
        immutable(false, ...files);
      }
    },
    LIMIT_MS,
  );
});

describeWith(mayMount, 'mount (root)')('a disk of eight megabytes', () => {
  it(
    'is full of history, and larger again',
    async () => {
      const disk = new SmallDisk(8);
      try {
        const path = join(disk.path, 'small.sqlite3');
        rig = await Rig.start({ env: { PROXY_SQLITE_URL: `sqlite:///${path}` } });
        const rows = (sql: string): Promise<unknown[]> => readSqlite(path, sql);
        Object.assign(rig.history, { rows });
        const figures = await outage(rig, async () => {
          disk.fill();
          await until(drainError, (text) => /SQLITE_FULL/.test(text), {
            timeoutMs: 20_000,
            what: 'a full disk',
          });
          await pause(1_000);
          disk.grow(64);
        });
        console.log('full', JSON.stringify(figures));
        await rig.proxy.stop();
      } finally {
        disk.remove();
      }
    },
    LIMIT_MS,
  );
});

describe('a damaged file', () => {
  it(
    'refuses to start, is left as it was, and its records wait in the spool',
    async () => {
      rig = await Rig.start();
      for (let n = 0; n < 20; n += 1) await rig.client.send({ body: {} });
      await until(
        () => rig.proxy.state(),
        (state) => state.queue_depth === 0,
      );
      await rig.proxy.stop();
      const file = openSync(fileOf(), 'r+');
      for (const page of [2, 3, 5]) writeSync(file, Buffer.alloc(4_096, 0xa5), 0, 4_096, 4_096 * page);
      closeSync(file);
      const spool = join(rig.proxy.dataDir, 'spool', 'inst_earlier');
      mkdirSync(spool, { recursive: true });
      const hash = (): string => createHash('sha256').update(readFileSync(fileOf())).digest('hex');
      const before = hash();
      await rig.proxy.restart({ wait: false });
      expect(await rig.proxy.exited).toBe(1);
      expect(rig.proxy.lines.at(-1)).toMatch(
        new RegExp(`^The SQLite file ${fileOf()} is damaged .*cp <backup> '${fileOf()}'.*\\.recover`),
      );
      expect(hash()).toBe(before);
      expect(existsSync(spool)).toBe(true);
    },
    LIMIT_MS,
  );
});
