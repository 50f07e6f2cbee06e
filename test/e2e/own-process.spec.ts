import { spawnSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect } from 'node:net';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { MIGRATIONS } from '../../src/infra/database/migrations.js';
import { tempDir } from '../support/database.js';
import { readSqlite } from '../support/history.js';
import { LockedSqlite } from '../support/locked-sqlite.js';
import { ProxyProcess } from '../support/proxy-process.js';
import { Rig } from '../support/rig.js';
import { describeWith } from '../support/skip.js';
import { pause, until } from '../support/until.js';

const LIMIT_MS = 120_000;
const SLOW = { timeoutMs: 30_000 };
const NAMES = MIGRATIONS.map((migration) => new migration().name as string).sort();

let rig: Rig | null = null;
afterEach(async () => {
  await rig?.stop();
  rig = null;
  await ProxyProcess.stopAll();
});

const completed = async (of: Rig): Promise<Set<string>> => {
  await until(
    () => of.proxy.state(),
    (s) => s.queue_depth === 0,
    SLOW,
  );
  const rows = await of.history.rows<{ id: string }>(
    `SELECT "id" FROM "requests" WHERE "state" = 'completed'`,
  );
  return new Set(rows.map(({ id }) => id));
};

async function migrationsIn(path: string): Promise<readonly { name: string }[]> {
  try {
    return await readSqlite<{ name: string }>(path, 'SELECT "name" FROM "migrations"');
  } catch (error: unknown) {
    if (/no such table/.test(String(error))) return [];
    throw error;
  }
}

/** Whether an entry of `/proc/<pid>/fd` leads to that file. */
const opened =
  (pid: number, path: string) =>
  ({ name }: { readonly name: string }): boolean => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${name}`) === path;
    } catch {
      return false;
    }
  };

describe('SIGTERM', () => {
  it(
    'while the process starts and migrates ends it at once, and leaves whole migrations or none',
    async () => {
      const seen: string[] = [];
      for (const [sign, afterMs] of [
        ['proxy.sqlite3', 0],
        ['proxy.sqlite3-wal', 10],
        ['proxy.sqlite3-wal', 40],
        ['proxy.sqlite3-wal', 120],
      ] as const) {
        const proxy = await ProxyProcess.start({ wait: false });
        await until(() => readdirSync(proxy.dataDir).includes(sign), { ...SLOW, everyMs: 1 });
        await pause(afterMs);
        const at = performance.now();
        proxy.signal('SIGTERM');
        const how = await proxy.exited;
        expect(['SIGTERM', 0]).toContain(how);
        expect(performance.now() - at).toBeLessThan(5_000);
        const applied = await migrationsIn(join(proxy.dataDir, 'proxy.sqlite3'));
        expect([0, NAMES.length]).toContain(applied.length);
        seen.push(`${sign} + ${afterMs} ms: ${how}, ${applied.length} migrations`);
        if (afterMs === 10) {
          await proxy.restart({ wait: true });
          expect(JSON.stringify(await proxy.state())).toContain('"ready":true');
        }
        await proxy.dispose();
      }
      console.log('SIGTERM at', JSON.stringify(seen));
    },
    LIMIT_MS,
  );

  it(
    'while the process waits for another one that migrates ends it at once',
    async () => {
      const dir = tempDir();
      try {
        const path = join(dir.path, 'shared.sqlite3');
        const lock = await LockedSqlite.take(path);
        const proxy = await ProxyProcess.start({
          env: { PROXY_SQLITE_URL: `sqlite:///${path}` },
          wait: false,
        });
        await until(
          () => readdirSync(`/proc/${proxy.pid}/fd`, { withFileTypes: true }).some(opened(proxy.pid, path)),
          SLOW,
        );
        proxy.signal('SIGTERM');
        const at = performance.now();
        expect(['SIGTERM', 0]).toContain(await proxy.exited);
        expect(performance.now() - at).toBeLessThan(5_000);
        await lock.release();
        await proxy.restart({ wait: true });
        expect(JSON.stringify(await proxy.state())).toContain('"ready":true');
      } finally {
        await ProxyProcess.stopAll();
        dir.remove();
      }
    },
    LIMIT_MS,
  );

  it(
    'in the middle of a start leaves a directory that the next one serves from',
    async () => {
      rig = await Rig.start();
      for (const afterMs of [100, 400, 700]) {
        await rig.proxy.stop();
        await rig.proxy.restart({ wait: false });
        await pause(afterMs);
        rig.proxy.signal('SIGTERM');
        rig.proxy.signal('SIGTERM');
        expect(['SIGTERM', 0]).toContain(await rig.proxy.exited);
      }
      await rig.proxy.restart({ wait: true });
      expect((await rig.client.send({ body: {} })).acknowledged).toBe(true);
      expect((await completed(rig)).size).toBe(1);
    },
    LIMIT_MS,
  );
});

describe('a heap of 128 MB', () => {
  it(
    'under load that holds more than that: refused with 503, or ended like kill -9, and no acknowledged record is lost',
    async () => {
      rig = await Rig.start({
        nodeFlags: ['--max-old-space-size=128'],
        env: { PROXY_MAX_BUFFERED_BYTES: '67108864' },
      });
      const { client, proxy } = rig;
      const input = 'x'.repeat(4_000_000);
      await client.run(60, 24, (n) => ({ body: { input, stream: n % 2 === 0 }, keepText: false }));
      const died = !proxy.running;
      if (died) await proxy.restart();
      const acknowledged = client.entries.filter((e) => e.acknowledged && e.status === 200);
      const refused = client.entries.filter((e) => e.status === 503);
      const lost = client.entries.filter((e) => e.status === null || (e.status === 200 && !e.acknowledged));
      const rows = await completed(rig);
      console.log(
        '128 MB',
        JSON.stringify({
          acknowledged: acknowledged.length,
          refused: refused.length,
          lost: lost.length,
          died,
        }),
      );
      expect(acknowledged.filter((e) => !rows.has(e.proxyRequestId ?? ''))).toEqual([]);
      expect(acknowledged.length).toBeGreaterThan(0);
      expect(refused.length).toBeGreaterThan(0);
      expect(lost.length === 0 || died).toBe(true);
      expect((await client.send({ body: {} })).acknowledged).toBe(true);
    },
    LIMIT_MS,
  );
});

const mayLimit = spawnSync('prlimit', ['--version']).status === 0;

describeWith(mayLimit, 'prlimit')('file descriptors', () => {
  it(
    'used up: what runs goes on, and when others leave the process serves again',
    async () => {
      rig = await Rig.start();
      const { client, proxy } = rig;
      const running = client.send({ body: { model: 'plan:paced,n=60,interval=100', stream: true } });
      await until(() => client.entries[0]?.firstByteAt !== null);
      const { pid } = proxy;
      const open = readdirSync(`/proc/${pid}/fd`).length;
      expect(spawnSync('prlimit', [`--pid=${pid}`, `--nofile=${open + 20}:${open + 20}`]).status).toBe(0);
      const sockets: Socket[] = Array.from({ length: 60 }, () => connect(proxy.port, '127.0.0.1'));
      for (const socket of sockets) socket.on('error', () => undefined);
      await until(() => readdirSync(`/proc/${pid}/fd`).length >= open + 19);
      const during = await Promise.all(
        Array.from({ length: 5 }, () => client.send({ body: {}, abortAfterMs: 1_500 })),
      );
      for (const socket of sockets) socket.destroy();
      await until(
        () => client.send({ body: {}, abortAfterMs: 5_000 }),
        (e) => e.status === 200,
        SLOW,
      );
      expect((await running).acknowledged).toBe(true);
      expect(proxy.pid).toBe(pid);
      console.log('descriptors used up', JSON.stringify(during.map((e) => e.status ?? e.error)));
      const rows = await completed(rig);
      const acknowledged = client.entries.filter((e) => e.acknowledged && e.status === 200);
      expect(acknowledged.filter((e) => !rows.has(e.proxyRequestId ?? ''))).toEqual([]);
    },
    LIMIT_MS,
  );
});

describe('errors nobody caught', () => {
  it(
    'are logged, end no process and no stream',
    async () => {
      rig = await Rig.start({
        nodeFlags: ['--import', join(import.meta.dirname, '../support/stray-errors.mjs')],
      });
      const { client, proxy } = rig;
      const running = client.send({ body: { model: 'plan:paced,n=20,interval=50', stream: true } });
      await until(() => client.entries[0]?.firstByteAt !== null);
      proxy.signal('SIGUSR2');
      await until(() => proxy.output.split('"stray: ').length > 4 && /thrown in a tick/.test(proxy.output));
      expect((await running).acknowledged).toBe(true);
      expect((await client.send({ body: {} })).acknowledged).toBe(true);
      expect(proxy.running).toBe(true);
      expect((await completed(rig)).size).toBe(2);
    },
    LIMIT_MS,
  );
});
