import { fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'vite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/common/logger.js';
import { FileSpool } from '../../src/usage/file-spool.js';
import { RecordDeliverer } from '../../src/usage/record-deliverer.js';
import type { CapturedBody } from '../../src/usage/spool.js';
import { SpoolAdopter } from '../../src/usage/spool-adopter.js';
import { SpoolDrainer } from '../../src/usage/spool-drainer.js';
import { currentOwner, writeOwner } from '../../src/usage/spool-owner.js';
import { TelemetryUnavailable } from '../../src/usage/telemetry-unavailable.js';
import { tempDir } from '../support/database.js';
import { MemoryQueue } from '../support/memory-queue.js';
import { event, finished, started } from '../support/telemetry-records.js';

const logger = createLogger('silent');
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const NONE = { request: null, response: null };
const { t: _t, id: _id, decision: _decision, ...facts } = started('any');

describe('spool', () => {
  let dir: ReturnType<typeof tempDir>;
  let queue: MemoryQueue;

  beforeEach(() => {
    dir = tempDir();
    queue = new MemoryQueue();
  });
  afterEach(() => dir.remove());

  const open = (instanceId = 'inst_a', options: { maxBytes?: number; segmentBytes?: number } = {}) =>
    FileSpool.open({
      root: dir.path,
      instanceId,
      maxBytes: 64e6,
      segmentBytes: 1e6,
      clock,
      logger,
      ...options,
    });
  const deliverer = (spool?: FileSpool) => {
    const made = new RecordDeliverer(queue, join(dir.path, 'dead'), logger);
    if (spool !== undefined) made.onDead = () => spool.deadRecords++;
    return made;
  };
  const drainerOf = (spool: FileSpool) => new SpoolDrainer(spool, deliverer(spool), logger);
  const adopterOf = (spool: FileSpool, instanceId = 'inst_b') =>
    new SpoolAdopter({ root: dir.path, instanceId, clock, logger }, spool, deliverer(spool), {
      ofInstance: () => Promise.resolve([]),
    });
  const segments = (name = 'inst_a') =>
    readdirSync(join(dir.path, name))
      .filter((file) => file.endsWith('.seg'))
      .map((file) => join(dir.path, name, file));
  const body = (...chunks: Buffer[]): CapturedBody => ({
    meta: {
      contentType: 'text/plain',
      contentEncoding: null,
      size: Buffer.concat(chunks).length,
      truncated: false,
    },
    chunks,
  });
  /** As if the process had died: its owner file names a pid start that never was. */
  const kill = (name = 'inst_a') =>
    writeOwner(join(dir.path, name), { ...currentOwner(name), pidStart: '1' });

  it('hands on every record in order, bodies byte for byte, and forgets what was taken', async () => {
    const spool = open();
    const raw = Buffer.from(Array.from({ length: 256 }, (_, i) => i));
    spool.started(started('r1'));
    spool.finished(finished('r1'), {
      request: body(raw),
      response: body(...Array.from({ length: 50 }, () => raw)),
    });
    spool.event(event('e1'));
    expect(spool.status()).toMatchObject({ pending: 5, writable: true });
    expect(await drainerOf(spool).flush(1000)).toBe(true);
    expect(queue.ids).toEqual(['started:r1', 'body:r1', 'body:r1', 'finished:r1', 'event:e1']);
    expect(queue.records[1]?.body?.equals(raw)).toBe(true);
    expect(queue.records[2]?.body?.length).toBe(256 * 50);
    expect(spool.status()).toMatchObject({ pending: 0, oldestAt: null });
    spool.close();
    expect(existsSync(join(dir.path, 'inst_a'))).toBe(false);
  });

  it('writes many segments, reads records larger than its chunks, deletes what is drained', async () => {
    const spool = open('inst_a', { segmentBytes: 20_000 });
    const large = body(Buffer.alloc(3_000_000, 7));
    for (let i = 0; i < 300; i++) spool.started(started(`r${i}`));
    spool.finished(finished('big'), { request: large, response: null });
    expect(segments().length).toBeGreaterThan(10);
    const drainer = drainerOf(spool);
    drainer.start();
    expect(await drainer.flush(5000)).toBe(true);
    await drainer.stop();
    expect(new Set(queue.ids).size).toBe(302);
    expect(segments().length).toBe(1);
    expect(spool.status().bytes).toBeLessThan(20_000);
    spool.close();
  });

  it('sheds bodies first, then events, and never grows past its cap', () => {
    const maxBytes = 400_000;
    const spool = open('inst_a', { maxBytes, segmentBytes: 50_000 });
    let acceptedBodies = 0;
    for (let i = 0; i < 40; i++) {
      spool.finished(finished(`b${i}`), { request: body(Buffer.alloc(20_000)), response: null });
      acceptedBodies = i + 1 - spool.status().shedBodies;
    }
    expect(spool.status()).toMatchObject({ shedBodies: 40 - acceptedBodies, shedRecords: 0 });
    expect(acceptedBodies).toBeGreaterThan(10);
    expect(spool.status().bytes).toBeLessThanOrEqual(maxBytes);
    for (let i = 0; i < 1000; i++) spool.finished(finished(`r${i}`, { rejected: facts }), NONE);
    const { shedRecords, pending, bytes } = spool.status();
    expect(shedRecords).toBeGreaterThan(0);
    expect(pending + shedRecords).toBe(40 + acceptedBodies + 1000);
    expect(bytes).toBeLessThanOrEqual(maxBytes);
    const onDisk = segments().reduce((sum, path) => sum + statSync(path).size, 0);
    expect(onDisk).toBe(bytes);
    spool.close();
  });

  it('skips damaged records and torn tails, counts them and goes on', async () => {
    const spool = open();
    for (let i = 0; i < 10; i++) spool.started(started(`r${i}`));
    spool.close();
    const [path = ''] = segments();
    const bytes = readFileSync(path);
    const marker = bytes.subarray(0, 8);
    const second = bytes.indexOf(marker, 8);
    const fifth = [1, 2, 3, 4].reduce((at) => bytes.indexOf(marker, at + 1), 0);
    bytes[second + 40]! ^= 0xff; // inside the JSON of the second
    bytes.fill(0xee, fifth, fifth + 12); // marker and length of the fifth
    writeFileSync(path, bytes);
    truncateSync(path, bytes.length - 5);
    kill();
    const next = open('inst_b');
    expect(await adopterOf(next).adoptAll()).toBe(1);
    expect(queue.ids).toEqual(['r0', 'r2', 'r3', 'r5', 'r6', 'r7', 'r8'].map((id) => `started:${id}`));
    expect(next.status().tornRecords).toBe(3);
    expect(readdirSync(dir.path)).toEqual(['inst_b']);
    next.close();
  });

  it('does not take a record that a body only pretends to be', async () => {
    const spool = open();
    spool.finished(finished('r1'), { request: body(Buffer.from('RPX'.repeat(1000))), response: null });
    spool.started(started('r2'));
    spool.close();
    const [path = ''] = segments();
    const bytes = readFileSync(path);
    bytes[8]! ^= 0x01; // the body record's length
    writeFileSync(path, bytes);
    kill();
    const next = open('inst_b');
    await adopterOf(next).adoptAll();
    expect(queue.ids).toEqual(['finished:r1', 'started:r2']);
    next.close();
  });

  it('keeps everything while SQL is away and says so once', async () => {
    const spool = open();
    const drainer = drainerOf(spool);
    queue.refuse = () => new TelemetryUnavailable('no connection');
    for (let i = 0; i < 5; i++) spool.started(started(`r${i}`));
    expect(await drainer.flush(100)).toBe(false);
    expect(spool.status()).toMatchObject({ pending: 5, drainError: 'no connection' });
    queue.refuse = () => null;
    expect(await drainer.flush(1000)).toBe(true);
    expect(spool.status()).toMatchObject({ pending: 0, drainError: null });
    expect(queue.records).toHaveLength(5);
    spool.close();
  });

  it('isolates a record that no database takes, puts it aside and lets the others through', async () => {
    const spool = open();
    let tries = 0;
    queue.refuse = ({ record }) => {
      if (record.id !== 'r13') return null;
      tries++;
      return new Error('poison');
    };
    for (let i = 0; i < 50; i++) spool.started(started(`r${i}`));
    expect(await drainerOf(spool).flush(5000)).toBe(true);
    expect(queue.records).toHaveLength(49);
    expect(tries).toBeGreaterThanOrEqual(5);
    expect(spool.status()).toMatchObject({ pending: 0, deadRecords: 1, drainError: null });
    const [dead = ''] = readdirSync(join(dir.path, 'dead'));
    expect(JSON.parse(readFileSync(join(dir.path, 'dead', dead), 'utf8'))).toMatchObject({
      error: 'poison',
      record: { id: 'r13' },
    });
    spool.close();
  });

  it('has every record that was appended before kill -9', async () => {
    const acknowledged = join(dir.path, 'acknowledged');
    const built = tempDir();
    await build({
      configFile: false,
      logLevel: 'silent',
      build: { ssr: join(import.meta.dirname, '../../src/usage/file-spool.ts'), outDir: built.path },
    });
    const module = readdirSync(built.path).find((name) => name.startsWith('file-spool')) ?? '';
    const child = fork(
      join(import.meta.dirname, '../support/spool-writer.mjs'),
      [join(built.path, module), dir.path, acknowledged],
      { stdio: ['ignore', 'inherit', 'inherit', 'ipc'], execArgv: [] },
    );
    await once(child, 'message'); // a thousand records are in
    child.kill('SIGKILL');
    await once(child, 'exit');
    built.remove();
    const promised = readFileSync(acknowledged, 'utf8').split('\n').filter(Boolean);
    expect(promised.length).toBeGreaterThanOrEqual(1000);
    const spool = open('inst_b');
    expect(await adopterOf(spool).adoptAll()).toBe(1);
    const found = new Set(queue.ids);
    expect(promised.filter((id) => !found.has(id))).toEqual([]);
    expect(queue.records.filter(({ record }) => record.t !== 'body').length).toBe(
      new Set(queue.ids.filter((id) => !id.startsWith('body'))).size,
    );
    spool.close();
  });
});
