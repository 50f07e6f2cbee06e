import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, expect, it } from 'vitest';
import { createLogger } from '../../src/common/logger.js';
import { RecordDeliverer } from '../../src/usage/record-deliverer.js';
import type { StartedRecord, TelemetryRecord } from '../../src/usage/records.js';
import type { SpooledRecord, TelemetryQueue } from '../../src/usage/telemetry-queue.js';
import { TelemetryUnavailable } from '../../src/usage/telemetry-unavailable.js';
import { dumpTables, tempDir, TABLES } from '../support/database.js';
import { DatabaseUnderTest } from '../support/database-under-test.js';
import { finished, started } from '../support/telemetry-records.js';
import { sampleRecords, seeded, shuffle } from '../support/telemetry-sample.js';
import { TelemetryWorld } from '../support/telemetry-world.js';

const EVENTS = Number(process.env['RPX_TRIPLE_EVENTS'] ?? 1_000);

/** What every way to SQL promises, on a real database and, where it needs one, a real Redis. */
export function telemetryQueueContract(
  dialect: 'sqlite' | 'postgres',
  redisUrl: () => string | undefined,
): void {
  let database: DatabaseUnderTest;
  let world: TelemetryWorld;
  let queue: TelemetryQueue;

  beforeEach(async () => {
    database = await DatabaseUnderTest.create(dialect);
    const url = redisUrl();
    world = await TelemetryWorld.start({ database: database.config, ...(url ? { redisUrl: url } : {}) });
    queue = world.queue;
  });
  afterEach(async () => {
    await world.stop();
    await database.remove();
  });
  afterAll(() => DatabaseUnderTest.stopServer());

  const dump = () => dumpTables(world.database);
  const clear = async () => {
    for (const table of TABLES) await world.database.dataSource.query(`DELETE FROM "${table}"`);
  };
  const ids = async (): Promise<string[]> => {
    const rows: { id: string }[] = await world.database.dataSource.query(
      'SELECT id FROM requests ORDER BY id',
    );
    return rows.map((row) => row.id);
  };

  it('resolves when SQL has the batch', async () => {
    await queue.deliver(sampleRecords());
    expect(await ids()).toHaveLength(21);
    const [row] = await world.database.dataSource.query('SELECT captured_size FROM bodies');
    expect(row.captured_size).toBe(3);
  });

  it('carries every byte of a body and every sign of a text', async () => {
    const body = Buffer.from(Array.from({ length: 70_000 }, (_, i) => (i * 7) % 256));
    const path = 'ä\u0001"\\\u{1f600}';
    const meta = { contentType: null, contentEncoding: 'br', size: body.length, truncated: false };
    const record: TelemetryRecord = { t: 'body', id: 'r1', at: 1, direction: 'response', ...meta };
    await queue.deliver([of(started('r1', { path })), { record, body }]);
    const [stored] = await world.database.dataSource.query('SELECT path FROM requests');
    expect(stored.path).toBe(path);
    const [kept] = await world.database.dataSource.query('SELECT captured_size FROM bodies');
    expect(kept.captured_size).toBe(body.length);
  });

  it('rejects as unavailable while SQL is away, and takes the same batch when it is back', async () => {
    await queue.deliver([of(started('before'))]);
    await database.takeAway();
    await expect(queue.deliver([of(started('r1'))])).rejects.toThrow(TelemetryUnavailable);
    await database.bringBack();
    await deliverAtLast(queue, [of(started('r1'))]);
    expect(await ids()).toEqual(['before', 'r1']);
  }, 40_000);

  it('says which batch has a record no database takes: it ends apart, the others in SQL', async () => {
    const dir = tempDir();
    const poison = { ...started('r13'), path: 13 } as unknown as StartedRecord;
    const batch = Array.from({ length: 50 }, (_, i) => of(i === 13 ? poison : started(`r${i}`)));
    await new RecordDeliverer(queue, dir.path, createLogger('silent')).deliver(batch);
    expect(await ids()).toHaveLength(49);
    const [dead = '', ...more] = readdirSync(dir.path);
    expect(more).toEqual([]);
    expect(JSON.parse(readFileSync(join(dir.path, dead), 'utf8'))).toMatchObject({ record: { id: 'r13' } });
    dir.remove();
  });

  it('leaves the same rows for every event delivered three times, shuffled', async () => {
    const records = manyRecords(EVENTS);
    for (const batch of chunks(records, 200)) await queue.deliver(batch);
    const once = await dump();
    await clear();
    const random = seeded(18);
    const copies = shuffle([...records, ...records, ...records], random);
    for (const batch of chunks(copies, 150)) await queue.deliver(batch);
    expect(await dump()).toBe(once);
    expect(await ids()).toHaveLength(Math.ceil(records.length / 2));
  }, 300_000);

  it('takes batches of several senders at once', async () => {
    const records = manyRecords(400);
    await Promise.all(chunks(records, 40).map((batch) => queue.deliver(batch)));
    expect(await ids()).toHaveLength(200);
  });
}

const of = (record: TelemetryRecord): SpooledRecord => ({ record, body: null });

/** `count` records: a start and an end for each request, in sessions that overlap. */
function manyRecords(count: number): SpooledRecord[] {
  return Array.from({ length: count }, (_, i) => {
    const id = `req_${String(i >> 1).padStart(6, '0')}`;
    const session = { ...started(id).session, id: `s${(i >> 1) % 37}` } as NonNullable<
      StartedRecord['session']
    >;
    const at = started(id).at + (i >> 1);
    return of(i % 2 === 0 ? started(id, { at, session }) : finished(id, { startedAt: at, at: at + 42 }));
  });
}

function chunks<T>(list: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(list.length / size) }, (_, i) =>
    list.slice(i * size, (i + 1) * size),
  );
}

/** As the drainer does: again, until it is through. */
async function deliverAtLast(queue: TelemetryQueue, batch: readonly SpooledRecord[]): Promise<void> {
  const deadline = performance.now() + 25_000;
  for (;;) {
    try {
      await queue.deliver(batch);
      return;
    } catch (e: unknown) {
      if (!(e instanceof TelemetryUnavailable) || performance.now() > deadline) throw e;
    }
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
