import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock as clock } from '../../src/common/clock.js';
import { createLogger } from '../../src/common/logger.js';
import { FileSpool } from '../../src/usage/file-spool.js';
import { RecordDeliverer } from '../../src/usage/record-deliverer.js';
import { SpoolAdopter } from '../../src/usage/spool-adopter.js';
import { currentOwner, writeOwner } from '../../src/usage/spool-owner.js';
import { TelemetryUnavailable } from '../../src/usage/telemetry-unavailable.js';
import { tempDir } from '../support/database.js';
import { MemoryQueue } from '../support/memory-queue.js';
import { event, finished, started } from '../support/telemetry-records.js';

const logger = createLogger('silent');

describe('spools of ended processes', () => {
  let dir: ReturnType<typeof tempDir>;
  let queue: MemoryQueue;
  beforeEach(() => {
    dir = tempDir();
    queue = new MemoryQueue();
  });
  afterEach(() => dir.remove());

  const open = (instanceId = 'inst_a') =>
    FileSpool.open({ root: dir.path, instanceId, maxBytes: 64e6, segmentBytes: 1e6, clock, logger });
  const adopterOf = (spool: FileSpool) =>
    new SpoolAdopter(
      { root: dir.path, instanceId: 'inst_b', clock, logger },
      spool,
      new RecordDeliverer(queue, join(dir.path, 'dead'), logger),
      { ofInstance: () => Promise.resolve([]) },
    );
  /** As if the process had died: its owner file names a pid start that never was. */
  const kill = (name = 'inst_a') =>
    writeOwner(join(dir.path, name), { ...currentOwner(name), pidStart: '1' });

  it('keeps orphans until SQL is back', async () => {
    const first = open();
    first.started(started('r1'));
    first.close();
    kill();
    const next = open('inst_b');
    const adopter = adopterOf(next);
    queue.refuse = () => new TelemetryUnavailable('no connection');
    expect(await adopter.adoptAll()).toBe(0);
    expect(next.status().bytes).toBeGreaterThan(0);
    queue.refuse = () => null;
    expect(await adopter.adoptAll()).toBe(1);
    expect(queue.ids).toEqual(['started:r1']);
    next.close();
  });

  it('counts what waits in the spools it has taken over, and takes up where SQL went away', async () => {
    const meta = { contentType: null, contentEncoding: null, size: 3e6, truncated: false };
    const large = { meta, chunks: [Buffer.alloc(3e6, 7)] };
    const first = open();
    for (let i = 0; i < 700; i++) first.started(started(`r${i}`, { at: 1_000 + i }));
    first.finished(finished('r0', { at: 2_000 }), { request: large, response: null });
    first.close();
    const other = open('inst_c');
    other.started(started('c1', { at: 5_000 }));
    other.close();
    for (const name of ['inst_a', 'inst_c']) kill(name);
    // Its beginning is damaged: one record fewer, which nobody can tell before it is read.
    const [name = ''] = readdirSync(join(dir.path, 'inst_a')).filter((file) => file.endsWith('.seg'));
    const damaged = join(dir.path, 'inst_a', name);
    const bytes = readFileSync(damaged);
    bytes.fill(0, 30, 40);
    writeFileSync(damaged, bytes);
    const next = open('inst_b');
    next.event(event('own', { at: 9_000 }));
    const adopter = adopterOf(next);
    queue.refuse = () => new TelemetryUnavailable('no connection');
    await adopter.adoptAll();
    expect(next.status()).toMatchObject({ pending: 700 + 2 + 1 + 1, oldestAt: 1_001 });
    queue.refuse = ({ record }) => (record.id === 'r650' ? new TelemetryUnavailable('no connection') : null);
    await adopter.adoptAll();
    const home = queue.ids.length;
    expect(home).toBeGreaterThan(100);
    expect(next.status()).toMatchObject({ pending: 704 - home, oldestAt: 1_000 + home });
    queue.refuse = () => null;
    expect(await adopter.adoptAll()).toBe(2);
    expect(queue.ids).toHaveLength(702);
    expect(new Set(queue.ids).size).toBe(702);
    expect(next.status()).toMatchObject({ pending: 3, tornRecords: 1 });
    next.close();
  });

  it('leaves a living sibling alone', async () => {
    const sibling = open('inst_a');
    sibling.started(started('r1'));
    const spool = open('inst_b');
    expect(await adopterOf(spool).adoptAll()).toBe(0);
    expect(queue.records).toEqual([]);
    sibling.close();
    spool.close();
  });
});
