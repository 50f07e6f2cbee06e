import { readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { LockedSqlite } from '../support/locked-sqlite.js';
import { Rig } from '../support/rig.js';
import { until } from '../support/until.js';

const LIMIT_MS = 120_000;
const SLOW = { timeoutMs: 30_000 };

let rig: Rig;
afterEach(() => rig.stop());

const drained = (): Promise<unknown> =>
  until(
    () => rig.proxy.state(),
    (s) => s.queue_depth === 0,
    SLOW,
  );
const count = async (sql: string): Promise<number> =>
  (await rig.history.rows<{ n: number }>(`SELECT COUNT(*) AS "n" FROM ${sql}`))[0]?.n ?? -1;

/** Served, whatever becomes of the record. */
async function send(bytes: number): Promise<void> {
  const entry = await rig.client.send({ body: { input: 'x'.repeat(bytes) }, keepText: false });
  expect([entry.status, entry.acknowledged]).toEqual([200, true]);
}

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
      rig = await Rig.start({ env: { PROXY_SPOOL_SEGMENT_BYTES: '65536' } });
      await drained();
      const lock = await LockedSqlite.take(join(rig.proxy.dataDir, 'proxy.sqlite3'));
      for (let n = 0; n < 40; n += 1) await send(2_000);
      await rig.proxy.kill9();
      await lock.release();
      const frames = framesOnDisk();
      expect(frames.length).toBeGreaterThanOrEqual(160);
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
      expect(await rig.proxy.state()).toMatchObject({ spool: { torn_records: gone.size } });
      console.log(
        'damaged',
        JSON.stringify({ records: frames.length, damaged: gone.size, kept: kept.length }),
      );
      await send(2_000);
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
        JSON.stringify({ model: 'gpt-5.5', input: 'x'.repeat(10 * 1_048_576) }),
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
      await send(2_000);
    },
    LIMIT_MS,
  );
});
