import { readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../src/common/logger.js';
import { FileSpool } from '../../src/usage/file-spool.js';
import type { CapturedBody } from '../../src/usage/spool.js';
import { tempDir } from '../support/database.js';
import { finished, started } from '../support/telemetry-records.js';

const logger = createLogger('silent');
const clock = { now: () => Date.now(), monotonic: () => performance.now() };
const NONE = { request: null, response: null };
const { t: _t, id: _id, decision: _decision, ...facts } = started('any');

const body = (chunk: Buffer): CapturedBody => ({
  meta: { contentType: 'text/plain', contentEncoding: null, size: chunk.length, truncated: false },
  chunks: [chunk],
});

describe('the room of a spool', () => {
  let dir: ReturnType<typeof tempDir>;

  beforeEach(() => {
    dir = tempDir();
  });
  afterEach(() => dir.remove());

  it('survives a disk that refuses, counts the loss and recovers', () => {
    const blocked = join(dir.path, 'file');
    writeFileSync(blocked, '');
    let now = 0;
    const manual = { now: () => 0, monotonic: () => now };
    const spool = FileSpool.open({
      root: blocked,
      instanceId: 'inst_a',
      maxBytes: 1e6,
      segmentBytes: 1e5,
      clock: manual,
      logger,
    });
    spool.started(started('r1'));
    spool.finished(finished('r1'), { request: body(Buffer.from('x')), response: null });
    spool.finished(finished('r2', { rejected: facts }), NONE);
    const shed = { started: 1, finished: 1, body: 1, event: 0 };
    // The end of r1 is owed: its start may be on a disk.
    expect(spool.status()).toMatchObject({
      writable: false,
      keepsRequests: false,
      degraded: true,
      shed,
      pending: 1,
    });
    expect(spool.owedSince).toBe(finished('r1').at);
    renameSync(blocked, `${blocked}.away`);
    now = 2000;
    expect(spool.started(started('r3'))).toBe(true);
    expect(spool.status()).toMatchObject({
      writable: true,
      keepsRequests: true,
      shed,
      shedRecords: 2,
      pending: 2,
    });
    spool.close();
    const [path = ''] = readdirSync(join(blocked, 'inst_a'))
      .filter((file) => file.endsWith('.seg'))
      .map((file) => join(blocked, 'inst_a', file));
    const text = readFileSync(path, 'latin1');
    expect(text).toMatch(/"t":"started","id":"r3".*"t":"finished","id":"r1".*"kind":"spool\.shed"/s);
    expect(text).toContain('"data":{"bodies":1,"finished":1,"started":1,"events":0}');
  });

  it('keeps a place for the ends of what has started: they go last, and what starts without a place is told to its caller', () => {
    const sizes = { maxBytes: 200_000, segmentBytes: 50_000 };
    const spool = FileSpool.open({ root: dir.path, instanceId: 'inst_a', clock, logger, ...sizes });
    const lastSegment = (): string =>
      readdirSync(join(dir.path, 'inst_a'))
        .filter((file) => file.endsWith('.seg'))
        .sort((x, y) => x.localeCompare(y))
        .at(-1) ?? '';
    let n = 0;
    while (spool.started(started(`r${n}`))) n += 1;
    expect(spool.status()).toMatchObject({ keepsRequests: false, shed: { started: 1 } });
    let lone = 0;
    while (spool.status().shed.finished === 0)
      spool.finished(finished(`l${lone++}`, { rejected: facts }), NONE);
    spool.finished(finished('r0'), NONE);
    expect(spool.status()).toMatchObject({ pending: n + lone - 1 + 1, shed: { started: 1, finished: 1 } });
    expect(readFileSync(join(dir.path, 'inst_a', lastSegment()), 'latin1')).toContain(
      '"t":"finished","id":"r0"',
    );
    spool.close();
  });
});
