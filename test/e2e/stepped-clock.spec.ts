import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { LoadEntry } from '../support/load-client.js';
import { demand, size } from '../support/release.js';
import { Rig, key } from '../support/rig.js';
import { until } from '../support/until.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const folder = mkdtempSync(join(tmpdir(), 'rpx-clock-'));
const file = join(folder, 'offset');
let rig: Rig;

/** At once for the reader: never half a number. */
function setClock(offsetMs: number): void {
  writeFileSync(`${file}.new`, String(offsetMs));
  renameSync(`${file}.new`, file);
}

async function start(offsetMs: number): Promise<void> {
  setClock(offsetMs);
  rig = await Rig.start({
    keys: [key('1'), key('2')],
    env: { RPX_TEST_CLOCK: file, PROXY_HEALTH_CHECK_INTERVAL_SECONDS: '1' },
    nodeFlags: ['--import', resolve('test/support/stepped-clock.mjs')],
  });
}

/** The clock has been read again: what the process shows has moved. */
async function stepTo(offsetMs: number): Promise<void> {
  setClock(offsetMs);
  await until(
    () => rig.proxy.admin<{ timestamp: number | string }>('/admin/state'),
    ({ timestamp }) => Math.abs(new Date(timestamp).getTime() - (Date.now() + offsetMs)) < 5_000,
    { what: 'the stepped clock in the state shown' },
  );
}

afterEach(() => rig.stop());
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const failed = (seen: readonly LoadEntry[]): LoadEntry[] =>
  seen.filter((e) => e.status !== 200 || e.error !== null || !e.acknowledged);

async function negative(): Promise<number> {
  const count = async (table: string, columns: readonly string[]): Promise<number> => {
    const where = columns.map((c) => `${c} < 0`).join(' OR ');
    const [row] = await rig.history.rows<{ n: number }>(`SELECT count(*) AS n FROM ${table} WHERE ${where}`);
    return row?.n ?? 0;
  };
  await until(
    () => rig.proxy.state(),
    (s) => s.in_flight === 0 && s.queue_depth === 0,
    { what: 'everything written down' },
  );
  return (
    (await count('requests', ['latency_ms', 'first_byte_ms'])) +
    (await count('attempts', ['duration_ms'])) +
    (await count('decisions', ['waited_ms']))
  );
}

/** How long the key stays away after a 429, by a clock nobody has stepped. */
async function pauseAfter(fault: string, during: () => Promise<void>): Promise<number> {
  const [bad] = rig.keys;
  const tries = (): { at: number; status: number | null }[] =>
    rig.upstream.ledger.creates.filter((a) => a.key === bad?.key).map(({ at, status }) => ({ at, status }));
  const before = tries().length;
  rig.upstream.faults.set(bad?.key ?? '', `fault:${fault}`, { times: 1 });
  const ask = (): Promise<LoadEntry> => rig.client.send({ body: {} });
  await until(ask, () => tries().length > before, { everyMs: 1 });
  await during();
  await until(ask, () => tries().length > before + 1, { timeoutMs: 20_000, everyMs: 20 });
  const [limited, back] = tries().slice(before);
  return (back?.at ?? 0) - (limited?.at ?? 0);
}

/** The ordinary suite is content with the two that differ most. */
const STEPS = (
  [
    ['an hour behind', -HOUR],
    ['thirty days ahead', 30 * DAY],
    ['an hour ahead', HOUR],
  ] as const
).slice(0, size(2, 3));
const FAULTS = ['429,retry_date=2', '429,retry=2', '429,retry_ms=2000'].slice(0, size(1, 3));

describe.each(STEPS)('a wall clock that is set %s', (name, offset) => {
  it('while requests run costs none, moves no session, and no cooldown ends early or late', async () => {
    await start(0);
    const first = await Promise.all(
      Array.from({ length: 12 }, (_, i) => rig.client.send({ body: { prompt_cache_key: `s${i}` } })),
    );
    const running = Array.from({ length: size(10, 100) }, () =>
      rig.client.send({ body: { stream: true, model: 'plan:paced,n=60,interval=50' } }),
    );
    await until(() => rig.upstream.ledger.creates.length >= first.length + running.length);
    await stepTo(offset);
    const again = await Promise.all(
      first.map((_, i) => rig.client.send({ body: { prompt_cache_key: `s${i}` } })),
    );
    const pauses: number[] = [];
    for (const [i, fault] of FAULTS.entries())
      pauses.push(await pauseAfter(fault, () => stepTo(i % 2 === 0 ? 0 : offset)));
    await rig.client.run(size(50, 1_000), 8, (n) => ({ body: { stream: n % 2 === 0 } }));
    await Promise.all(running);
    expect(again.map((e) => e.headers['x-proxy-resource-id'])).toEqual(
      first.map((e) => e.headers['x-proxy-resource-id']),
    );
    expect(failed(rig.client.entries)).toEqual([]);
    demand('R20', `failures with the clock ${name}`, failed(rig.client.entries).length, { exactly: 0 });
    demand('R20', `shortest pause of 2 s, clock ${name}, ms`, Math.min(...pauses), { atLeast: 900 });
    demand('R20', `longest pause of 2 s, clock ${name}, ms`, Math.max(...pauses), { atMost: 7_000 });
    demand('R20', `negative durations, clock ${name}`, await negative(), { exactly: 0 });
  }, 120_000);

  it('before the start makes no difference to limits, pauses and affinity', async () => {
    await start(offset);
    await rig.client.run(40, 4, (n) => ({
      body: { stream: n % 2 === 0, prompt_cache_key: `s${n % 5}` },
    }));
    const pause = await pauseAfter('429,retry_date=2', () => Promise.resolve());
    expect(failed(rig.client.entries)).toEqual([]);
    demand('R20', `pause of 2 s, started with the clock ${name}, ms`, pause, { atMost: 7_000 });
    expect(pause).toBeGreaterThanOrEqual(900);
    expect(await negative()).toBe(0);
  }, 60_000);
});
