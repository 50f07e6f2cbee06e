import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { readSqlite } from '../support/history.js';
import { LockedSqlite } from '../support/locked-sqlite.js';
import { key, Rig } from '../support/rig.js';
import type { RigOptions } from '../support/rig.js';
import { describeWith } from '../support/skip.js';
import { mayMount, SmallDisk } from '../support/small-disk.js';
import { until } from '../support/until.js';

const MIB = 1_048_576;
const CAP = MIB;
const SEGMENT = 65_536;
const LIMIT_MS = 120_000;
const SLOW = { timeoutMs: 30_000 };
/** With the answer's body, four records a request: start, two bodies, end. */
const RECORDS_EACH = 4;

let rig: Rig;
afterEach(() => rig.stop());

interface SpoolState {
  readonly pending: number;
  readonly bytes: number;
  readonly shed_bodies: number;
  readonly shed_records: number;
  readonly torn_records: number;
  readonly writable: boolean;
  readonly capture_degraded: boolean;
}

const spool = async (): Promise<SpoolState> =>
  ((await rig.proxy.state()) as unknown as { spool: SpoolState }).spool;
const drained = (): Promise<unknown> =>
  until(
    () => rig.proxy.state(),
    (s) => s.queue_depth === 0,
    SLOW,
  );
const database = (): string => join(rig.proxy.dataDir, 'proxy.sqlite3');
const count = async (sql: string): Promise<number> =>
  (await rig.history.rows<{ n: number }>(`SELECT COUNT(*) AS "n" FROM ${sql}`))[0]?.n ?? -1;

async function shed(): Promise<Record<string, number>> {
  const text = await (await fetch(`${rig.proxy.url}/metrics`)).text();
  const found = [...text.matchAll(/^rpx_spool_shed_total\{kind="(\w+)"\} (\d+)$/gm)];
  return Object.fromEntries(found.map(([, kind, n]) => [kind, Number(n)]));
}

function diskUse(): number {
  const root = join(rig.proxy.dataDir, 'spool');
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
}

/** Served, whatever becomes of the record. */
async function send(bytes = 20_000): Promise<void> {
  const entry = await rig.client.send({ body: { input: 'x'.repeat(bytes) }, keepText: false });
  expect([entry.status, entry.acknowledged]).toEqual([200, true]);
}

/** What the events say was given up, once they say all of it. */
const told = (lost: Record<string, number>): Promise<unknown> =>
  until(
    async () => {
      const rows = await rig.history.rows<{ data: string }>(
        `SELECT "data" FROM "events" WHERE "kind" = 'spool.shed'`,
      );
      const all = rows.map(({ data }) => JSON.parse(data) as Record<string, number>);
      const sum = (kind: string): number => all.reduce((total, one) => total + (one[kind] ?? 0), 0);
      return {
        started: sum('started'),
        finished: sum('finished'),
        body: sum('bodies'),
        event: sum('events'),
      };
    },
    (sums) => Object.entries(sums).every(([kind, n]) => lost[kind] === n),
    { ...SLOW, what: `events that tell ${JSON.stringify(lost)}` },
  );

/** Every request and every body is in SQL or counted as lost, and nothing stays open. */
async function accountsAreExact(requests: number): Promise<Record<string, number>> {
  await drained();
  const lost = await shed();
  const rows = await count(`"requests" WHERE "state" = 'completed'`);
  const bodies = await count('"bodies"');
  expect({ rows: rows + (lost['finished'] ?? 0), bodies: bodies + (lost['body'] ?? 0) }).toEqual({
    rows: requests,
    bodies: 2 * requests,
  });
  expect(await count(`"requests" WHERE "state" <> 'completed'`)).toBe(0);
  await told(lost);
  return { requests, rows, bodies, ...lost };
}

describe('a spool that is full', () => {
  it(
    'gives up bodies first, then starts, then ends, never grows past its cap, and goes on when SQL is back',
    async () => {
      rig = await Rig.start({
        keys: [key('1')],
        env: { PROXY_SPOOL_MAX_BYTES: String(CAP), PROXY_SPOOL_SEGMENT_BYTES: String(SEGMENT) },
      });
      // The key's first success is an event: it comes before what is counted.
      await send();
      await drained();
      const { pid } = rig.proxy;
      const lock = await LockedSqlite.take(database());
      const firstLoss: Record<string, number> = {};
      let requests = 1;
      while ((firstLoss['finished'] ?? 0) === 0) {
        await send();
        requests += 1;
        const lost = await shed();
        const { bytes } = await spool();
        for (const [kind, n] of Object.entries(lost)) if (n > 0) firstLoss[kind] ??= bytes;
        expect(diskUse()).toBeLessThanOrEqual(CAP + SEGMENT);
      }
      for (let n = 0; n < 10; n += 1, requests += 1) await send();
      console.log('first loss at', JSON.stringify(firstLoss), 'of', CAP);
      expect(firstLoss['body']).toBeGreaterThan(0.8 * CAP);
      expect(firstLoss['started']).toBeGreaterThan(0.97 * CAP);
      expect(firstLoss['finished']).toBeGreaterThan(0.98 * CAP);
      const full = await spool();
      expect(full.pending + full.shed_bodies + full.shed_records).toBe(RECORDS_EACH * (requests - 1));
      expect(full).toMatchObject({ capture_degraded: true, writable: true });
      expect(await (await fetch(`${rig.proxy.url}/readyz`)).json()).toMatchObject({
        info: { records: { status: 'up', capture_degraded: true } },
      });
      await lock.release();
      console.log('spool full', JSON.stringify(await accountsAreExact(requests)));
      const before = await shed();
      await send();
      expect(await shed()).toEqual(before);
      await until(spool, (state) => !state.capture_degraded, SLOW);
      await accountsAreExact(requests + 1);
      expect(rig.proxy.pid).toBe(pid);
    },
    LIMIT_MS,
  );
});

async function onSmallDisk(disk: SmallDisk, options: RigOptions = {}): Promise<Rig> {
  const started = await Rig.start({
    ...options,
    env: { PROXY_DATA_DIR: disk.path, PROXY_SPOOL_SEGMENT_BYTES: String(SEGMENT), ...options.env },
  });
  const rows = (sql: string): Promise<unknown[]> => readSqlite(join(disk.path, 'proxy.sqlite3'), sql);
  Object.assign(started.history, { rows });
  return started;
}

describeWith(mayMount, 'mount (root)')('a disk that is full, spool and history on it', () => {
  it(
    'costs no request, is shown, counted exactly, and forgotten when there is room again',
    async () => {
      const disk = new SmallDisk(16);
      try {
        rig = await onSmallDisk(disk);
        let requests = 0;
        for (; requests < 10; requests += 1) await send();
        const { pid } = rig.proxy;
        for (; requests < 80; requests += 1) {
          disk.fill();
          await send();
        }
        const full = await until(spool, (state) => state.capture_degraded && !state.writable);
        expect(full.shed_bodies).toBeGreaterThan(50);
        disk.grow(64);
        // Without a request: the disk is tried again by itself.
        await until(spool, (state) => state.writable && !state.capture_degraded, SLOW);
        console.log('disk full', JSON.stringify(await accountsAreExact(requests)));
        await send();
        await accountsAreExact(requests + 1);
        expect(rig.proxy.pid).toBe(pid);
        const about = rig.proxy.lines.filter((line) =>
          /"event":"spool\.(shed|unwritable|writable)"/.test(line),
        );
        expect(about.length).toBeGreaterThan(1);
        expect(about.length).toBeLessThan(20);
      } finally {
        await rig.proxy.stop();
        disk.remove();
      }
    },
    LIMIT_MS,
  );

  it(
    'refuses what cannot be recorded with PROXY_CAPTURE_MODE=strict, before anything is sent, until there is room',
    async () => {
      const disk = new SmallDisk(16);
      try {
        rig = await onSmallDisk(disk, { env: { PROXY_CAPTURE_MODE: 'strict' } });
        await send();
        await drained();
        const refused = await until(
          async () => {
            disk.fill();
            return rig.client.send({ body: { input: 'x'.repeat(5_000) } });
          },
          (entry) => entry.status === 503,
        );
        expect(JSON.parse(refused.text)).toMatchObject({ error: { code: 'capture_unavailable' } });
        expect(refused.headers).toMatchObject({ 'x-should-retry': 'true', 'retry-after': '2' });
        const served = rig.client.entries.filter(({ status }) => status === 200).length;
        expect(rig.upstream.ledger.creates).toHaveLength(served);
        const ready = await fetch(`${rig.proxy.url}/readyz`);
        expect(ready.status).toBe(503);
        expect(await ready.json()).toMatchObject({ error: { records: { status: 'down' } } });
        disk.grow(64);
        await until(
          async () => (await fetch(`${rig.proxy.url}/readyz`)).status,
          (status) => status === 200,
          SLOW,
        );
        await send();
        expect(rig.upstream.ledger.creates).toHaveLength(served + 1);
        expect((await rig.proxy.state()).in_flight).toBe(0);
      } finally {
        await rig.proxy.stop();
        disk.remove();
      }
    },
    LIMIT_MS,
  );
});
