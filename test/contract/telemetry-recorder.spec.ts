import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DecisionReadModel } from '../../src/usage/decision.read-model.js';
import { EventReadModel } from '../../src/usage/event.read-model.js';
import { KeyUsageReadModel } from '../../src/usage/key-usage.read-model.js';
import { Recorder } from '../../src/usage/recorder.js';
import type { TelemetryRecord } from '../../src/usage/records.js';
import { RequestReadModel } from '../../src/usage/request.read-model.js';
import { SessionReadModel } from '../../src/usage/session.read-model.js';
import { UsageReadModel } from '../../src/usage/usage.read-model.js';
import { dumpTables, openDatabase, TABLES, type TestDatabase } from '../support/database.js';
import { stopPostgres } from '../support/postgres.js';
import { event, finished, started, T0 } from '../support/telemetry-records.js';
import { sampleRecords, seeded, shuffle } from '../support/telemetry-sample.js';

afterAll(stopPostgres);

describe.each(['sqlite', 'postgres'] as const)('recorder on %s', (dialect) => {
  let db: TestDatabase;
  let recorder: Recorder;

  beforeEach(async () => {
    db = await openDatabase(dialect);
    recorder = new Recorder(db.service);
  });
  afterEach(() => db.close());

  const write = (...records: TelemetryRecord[]) =>
    recorder.write(records.map((record) => ({ record, body: null })));
  const requests = () => new RequestReadModel(db.service, new DecisionReadModel(db.service));
  const sessions = () => new SessionReadModel(db.service, requests());

  const dump = () => dumpTables(db.service);

  async function clear(): Promise<void> {
    for (const table of TABLES) await db.service.dataSource.query(`DELETE FROM "${table}"`);
  }

  it('gives the same rows for any number of copies in any order', async () => {
    const records = sampleRecords();
    for (let i = 0; i < records.length; i += 7) await recorder.write(records.slice(i, i + 7));
    const once = await dump();
    const random = seeded(42);
    for (let round = 0; round < 4; round++) {
      await clear();
      const copies = shuffle([...records, ...records, ...records], random);
      for (let i = 0; i < copies.length;) {
        const size = 1 + Math.floor(random() * 12);
        await recorder.write(copies.slice(i, i + size));
        i += size;
      }
      expect(await dump()).toBe(once);
    }
  });

  it('gives the same rows when two writers deliver the same records at once', async () => {
    const records = sampleRecords();
    await recorder.write(records);
    const once = await dump();
    await clear();
    const random = seeded(7);
    const other = new Recorder(db.service);
    await Promise.all([
      recorder.write(shuffle([...records], random)),
      other.write(shuffle([...records], random)),
    ]);
    expect(await dump()).toBe(once);
  });

  it('never reopens a finished request and lets a real end replace an interrupted one', async () => {
    await write(finished('r1'), started('r1'), finished('r1', { state: 'interrupted', statusCode: null }));
    await write(started('r2'));
    expect((await requests().list({ limit: 10, state: 'in_progress' })).rows.map((row) => row.id)).toEqual([
      'r2',
    ]);
    await write(finished('r2', { state: 'interrupted', usage: null, resourceId: null, at: T0 + 9999 }));
    expect((await requests().detail('r2'))?.request.state).toBe('interrupted');
    await write(finished('r2', { state: 'failed', resourceId: 'openai-2' }));
    const rows = (await requests().list({ limit: 10 })).rows;
    expect(rows.map((row) => [row.id, row.state, row.resource_id])).toEqual([
      ['r2', 'failed', 'openai-2'],
      ['r1', 'completed', 'openai-1'],
    ]);
  });

  it('tells no tokens from zero tokens, in requests and in session totals', async () => {
    await write(
      started('r1'),
      finished('r1'),
      finished('r1'),
      started('r2', { at: T0 + 5 }),
      finished('r2', { usage: null }),
    );
    const [r2, r1] = (await requests().list({ limit: 10 })).rows;
    expect([r1?.cached_tokens, r1?.cache_write_tokens, r1?.total_tokens]).toEqual([0, null, 120]);
    expect(r2?.total_tokens).toBe(null);
    const detail = await sessions().detail('s1');
    expect(detail?.session).toMatchObject({
      name: 'First',
      request_count: 2,
      input_tokens: 100,
      cached_tokens: 0,
      cache_write_tokens: null,
      last_resource_id: 'openai-1',
      first_seen_at: T0,
      last_seen_at: T0 + 42,
    });
    expect(detail?.requests).toHaveLength(2);
  });

  it('tells of no fewer failures than none where a version without that sum counted an interruption', async () => {
    await write(started('r1'), finished('r1', { state: 'interrupted', usage: null, resourceId: null }));
    await db.service.dataSource.query('UPDATE "sessions" SET "failed_requests" = NULL');
    await write(finished('r1'));
    expect((await sessions().detail('s1'))?.session.failed_requests).toBe(0);
    const { rows } = await new UsageReadModel(db.service).list({ group_by: 'session' });
    expect(rows.map(({ group, failed }) => [group, failed])).toEqual([['s1', 0]]);
  });

  it('adds up what requests cost, and how many of them nobody could price, by session and by key and day', async () => {
    const DAY = 86_400_000;
    const day = T0 - (T0 % DAY);
    const by = (callerId: string, at = T0, instanceId = 'inst_1') => ({ callerId, at, instanceId });
    const records = [
      started('r1', by('key_a')),
      finished('r1', { cost: 1_500 }),
      started('r2', by('key_a', T0 + 1, 'inst_2')),
      finished('r2', { cost: 0 }),
      started('r3', by('key_a')),
      finished('r3', { cost: null }),
      started('r4', by('key_a')),
      finished('r4', { usage: null, cost: null }),
      started('r5', by('key_a', T0 + DAY)),
      started('r6', by('key_b')),
      finished('r6', { state: 'interrupted', usage: null, resourceId: null }),
    ];
    const { t: _t, id: _id, decision: _decision, ...rejected } = started('x', by('key_b'));
    records.push(finished('r7', { state: 'rejected', usage: null, resourceId: null, rejected }));
    for (const record of records) await write(record);
    await write(...records, ...records.toReversed());
    const keys = await db.service.dataSource.query(
      'SELECT * FROM key_usage ORDER BY caller_id, day, instance_id',
    );
    const row = (caller_id: string, at: number, instance_id: string, ...sums: number[]) => ({
      caller_id,
      day: at,
      instance_id,
      requests: sums[0],
      tokens: sums[1],
      cost: sums[2],
      unpriced_requests: sums[3],
    });
    expect(keys).toEqual([
      row('key_a', day, 'inst_1', 3, 240, 1_500, 1),
      row('key_a', day, 'inst_2', 1, 120, 0, 0),
      row('key_a', day + DAY, 'inst_1', 1, 0, 0, 0),
      row('key_b', day, 'inst_1', 1, 0, 0, 0),
    ]);
    const keyUsage = new KeyUsageReadModel(db.service, 'inst_1');
    const others = { caller_id: 'key_a', instance_id: '', day, tokens: 120, cost: 0 };
    expect(await keyUsage.elsewhere(T0)).toEqual([others]);
    expect(await keyUsage.elsewhere(T0, ['nobody'])).toEqual([others]);
    expect(await keyUsage.elsewhere(T0, ['nobody', 'inst_2'])).toEqual([
      { ...others, instance_id: 'inst_2' },
    ]);
    const next = await keyUsage.current(T0 + DAY);
    expect(next.day.get('key_a')).toEqual({ requests: 1, tokens: 0, cost_usd: 0, unpriced_requests: 0 });
    expect(next.month.get('key_a')).toEqual({
      requests: 5,
      tokens: 360,
      cost_usd: 0.0015,
      unpriced_requests: 1,
    });
    expect((await keyUsage.current(T0 + 40 * DAY)).month.size).toBe(0);
    const { rows } = await sessions().list({ limit: 5 });
    const shown = Object.fromEntries(
      rows.map((one) => [one.caller_id, [one.cost_usd, one.unpriced_requests]]),
    );
    expect(shown).toEqual({ key_a: [0.0015, 1], key_b: [null, 0] });
    const costs = (await requests().list({ limit: 10 })).rows.map((one) => [one.id, one.cost_usd]);
    expect(Object.fromEntries(costs)).toEqual({
      r1: 0.0015,
      r2: 0,
      r3: null,
      r4: null,
      r5: null,
      r6: null,
      r7: null,
    });
    const usage = (await new UsageReadModel(db.service).list({ group_by: 'key' })).rows;
    expect(usage.map((one) => [one.group, one.cost_usd, one.unpriced_requests])).toEqual([
      ['key_a', 0.0015, 1],
      ['key_b', null, 0],
    ]);
  });

  it('charges a key for what an answer did not tell, on its day, once, whatever comes first and how often', async () => {
    const charged = { callerId: 'key_a', instanceId: 'inst_1', tokens: 1_000, cost: 70 };
    const told = { usage: null, cost: null };
    const begun = (id: string) => started(id, { callerId: 'key_a' });
    const late = finished('r1', { ...told, charged });
    const cut = finished('r2', { ...told, charged, state: 'interrupted' });
    await write(late);
    await write(begun('r1'), begun('r2'));
    await write(cut, late);
    await write(cut, finished('r3', told), begun('r3'), late);
    await write(begun('r4'), finished('r4', { ...told, charged }));
    // Whoever took it for dead did not know.
    const { charged: _charged, ...orphan } = cut;
    await write(orphan);
    const { day } = await new KeyUsageReadModel(db.service, 'inst_2').current(T0);
    const use = { requests: 4, tokens: 3_000, cost_usd: 0.00021, unpriced_requests: 0 };
    expect(day.get('key_a')).toEqual(use);
    const [row] = (await requests().list({ limit: 1 })).rows;
    expect([row?.total_tokens, row?.cost_usd]).toEqual([null, null]);
  });

  it('stores hostile strings and numbers', async () => {
    const nasty = `a\u0000b\ud800c${'x'.repeat(10_000)}`;
    await write(
      started('r1', { path: nasty, model: nasty, requestBytes: Number.NaN }),
      finished('r1', { errorMessage: nasty, latencyMs: Number.POSITIVE_INFINITY, responseBytes: 1e300 }),
      event('e1', { message: nasty, data: { value: '\u0000\udfff' } }),
    );
    const [row] = (await requests().list({ limit: 1 })).rows;
    expect(row?.model?.startsWith('a\uFFFDb\uFFFDcxx')).toBe(true);
    expect(row?.model?.length).toBe(4096);
    expect([row?.request_bytes, row?.latency_ms, row?.response_bytes]).toEqual([
      null,
      null,
      Number.MAX_SAFE_INTEGER,
    ]);
    const [flags] = await db.service.dataSource.query('SELECT strings_cut FROM requests');
    expect(flags.strings_cut).toBe(1);
    expect((await new EventReadModel(db.service).list({ limit: 5 })).rows[0]?.kind).toBe('resource.health');
  });

  it('keeps bodies compressed and hands them out as they were', async () => {
    const text = Buffer.from(JSON.stringify({ input: 'hello '.repeat(10_000) }));
    const meta = { contentType: 'application/json', contentEncoding: null, size: 9_000_000, truncated: true };
    const body = { t: 'body', id: 'r1', at: T0, direction: 'request', ...meta } as const;
    await recorder.write([
      { record: body, body: text },
      { record: started('r1'), body: null },
    ]);
    const stored = await requests().body('r1', 'request');
    expect(stored?.content.equals(text)).toBe(true);
    expect(stored).toMatchObject({
      size: 9_000_000,
      captured_size: text.length,
      truncated: true,
      content_type: 'application/json',
    });
    expect(await requests().body('r1', 'response')).toBe(null);
    expect((await requests().detail('r1'))?.bodies).toHaveLength(1);
    const [{ content }] = await db.service.dataSource.query('SELECT content FROM bodies');
    expect(content.length).toBeLessThan(text.length / 5);
  });
});
