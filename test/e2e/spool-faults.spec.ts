import { readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
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
    (sums) => JSON.stringify(Object.entries(sums).sort()) === JSON.stringify(Object.entries(lost).sort()),
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

interface Frame {
  readonly path: string;
  readonly start: number;
  readonly length: number;
  readonly t: string;
  readonly id: string;
}

/** Every record in the spool's files: the marker is in the file's name, the lengths behind it. */
function framesOnDisk(): Frame[] {
  const root = join(rig.proxy.dataDir, 'spool');
  const paths = readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.seg'))
    .sort();
  return paths.flatMap((name) => {
    const path = join(root, name);
    const bytes = readFileSync(path);
    const found: Frame[] = [];
    for (let start = 0; start < bytes.length;) {
      const json = bytes.readUInt32LE(start + 8);
      const length = 20 + json + bytes.readUInt32LE(start + 12);
      const record = JSON.parse(bytes.toString('utf8', start + 20, start + 20 + json)) as {
        t: string;
        id: string;
      };
      found.push({ path, start, length, t: record.t, id: record.id });
      start += length;
    }
    return found;
  });
}

function flip({ path, start, length }: Frame): void {
  const bytes = readFileSync(path);
  bytes[start + length - 2]! ^= 0xff;
  writeFileSync(path, bytes);
}

describe('a spool damaged between kill -9 and the next start', () => {
  it(
    'loses the damaged records alone: counted, every other one in SQL',
    async () => {
      rig = await Rig.start({ env: { PROXY_SPOOL_SEGMENT_BYTES: String(SEGMENT) } });
      await drained();
      const lock = await LockedSqlite.take(database());
      for (let n = 0; n < 40; n += 1) await send(2_000);
      await rig.proxy.kill9();
      await lock.release();
      const frames = framesOnDisk();
      expect(frames.length).toBeGreaterThanOrEqual(RECORDS_EACH * 40);
      const last = frames.at(-1) as Frame;
      // Not neighbours: two damaged records side by side count as one stretch.
      const damaged = frames.filter((frame, i) => i % 7 === 3 && frame.path !== last.path);
      for (const frame of damaged) flip(frame);
      truncateSync(last.path, last.start + last.length - 5);
      const gone = new Set([...damaged, last]);
      await rig.proxy.restart();
      await drained();
      const kept = frames.filter((frame) => !gone.has(frame));
      const ids = (t: string): string[] =>
        [...new Set(kept.filter((f) => f.t === t).map(({ id }) => id))].sort();
      const rows = await rig.history.rows<{ id: string; state: string }>(
        'SELECT "id", "state" FROM "requests"',
      );
      const inState = (state: string): string[] =>
        rows
          .filter((r) => r.state === state)
          .map(({ id }) => id)
          .sort();
      const ended = new Set(ids('finished'));
      expect(inState('completed')).toEqual(ids('finished'));
      expect(inState('interrupted')).toEqual(ids('started').filter((id) => !ended.has(id)));
      expect(await count('"bodies"')).toBe(kept.filter(({ t }) => t === 'body').length);
      const event = await until(
        () =>
          rig.history.rows<{ data: string }>(`SELECT "data" FROM "events" WHERE "kind" = 'spool.adopted'`),
        (found) => found.length > 0,
        SLOW,
      );
      expect(JSON.parse(event[0]?.data ?? '')).toMatchObject({ records: kept.length, torn: gone.size });
      expect((await spool()).torn_records).toBe(gone.size);
      console.log(
        'damaged',
        JSON.stringify({ records: frames.length, damaged: gone.size, kept: kept.length }),
      );
      await send();
    },
    LIMIT_MS,
  );
});

describe('requests that no database likes', () => {
  it(
    'ten megabytes of text, NUL and broken UTF-8 are recorded like any other',
    async () => {
      rig = await Rig.start();
      const nasty = { session_id: 'a\u0000b\ud800c', note: '\u0000' };
      const bodies: (string | Buffer)[] = [
        JSON.stringify({ model: 'gpt-5.5', input: 'x'.repeat(10 * MIB) }),
        JSON.stringify({ model: 'gpt-5.5', input: 'nul \u0000 and half \udfff', metadata: nasty }),
        Buffer.concat([
          Buffer.from('{"model":"gpt-5.5","input":"'),
          Buffer.from([0xff, 0xfe, 0xc0, 0x80]),
          Buffer.from('"}'),
        ]),
        JSON.stringify({ model: `m${'y'.repeat(100_000)}`, input: 'long name' }),
      ];
      const headers = { 'content-type': 'application/json', 'user-agent': 'caf\u00e9' };
      for (const body of bodies) {
        const { status } = await rig.client.send({ body, headers, keepText: false });
        expect(status).not.toBeNull();
        expect(status).toBeLessThan(500);
      }
      await drained();
      expect(await count('"requests"')).toBe(bodies.length);
      expect(await count(`"requests" WHERE "state" = 'in_progress'`)).toBe(0);
      expect(readdirSync(join(rig.proxy.dataDir, 'spool'))).not.toContain('dead');
      await send();
    },
    LIMIT_MS,
  );
});
