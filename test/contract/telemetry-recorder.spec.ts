import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AffinityReadModel } from '../../src/usage/affinity.read-model.js';
import { DecisionReadModel } from '../../src/usage/decision.read-model.js';
import { EventReadModel } from '../../src/usage/event.read-model.js';
import { Recorder } from '../../src/usage/recorder.js';
import type { TelemetryRecord } from '../../src/usage/records.js';
import { RequestReadModel } from '../../src/usage/request.read-model.js';
import { RetentionService } from '../../src/usage/retention.service.js';
import { SessionReadModel } from '../../src/usage/session.read-model.js';
import type { SpooledRecord } from '../../src/usage/telemetry-queue.js';
import { UsageReadModel } from '../../src/usage/usage.read-model.js';
import { openDatabase, type TestDatabase } from '../support/database.js';
import { stopPostgres } from '../support/postgres.js';
import { attempt, binding, decision, event, finished, started, T0 } from '../support/telemetry-records.js';

const TABLES = ['requests', 'sessions', 'attempts', 'decisions', 'bodies', 'events', 'affinity_bindings'];

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

  async function dump(): Promise<string> {
    const tables: Record<string, unknown> = {};
    for (const table of TABLES) {
      const rows: object[] = await db.service.dataSource.query(`SELECT * FROM "${table}"`);
      tables[table] = rows.map((row) => JSON.stringify(row)).sort();
    }
    return JSON.stringify(tables, null, 1);
  }

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
    const text = Buffer.from(JSON.stringify({ input: 'hello '.repeat(1000) }));
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

  it('pages through requests newest first, with filters, without gaps or repeats', async () => {
    const ids = Array.from({ length: 25 }, (_, i) => `r${String(i).padStart(2, '0')}`);
    await write(
      ...ids.map((id, i) => started(id, { at: T0 + Math.floor(i / 3), model: i % 2 === 0 ? 'even' : 'odd' })),
    );
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await requests().list({ limit: 4, cursor });
      seen.push(...page.rows.map((row) => row.id));
      cursor = page.nextCursor;
    } while (cursor !== null);
    expect(seen).toEqual(ids.toReversed());
    expect((await requests().list({ limit: 500, model: 'odd', since: T0 + 4 })).rows).toHaveLength(6);
    await expect(requests().list({ limit: 4, cursor: 'nonsense' })).rejects.toMatchObject({
      code: 'invalid_parameter',
      options: { param: 'cursor' },
    });
  });

  it('reads decisions, usage, bindings and events', async () => {
    await write(
      started('r1'),
      finished('r1', {
        decisions: [decision('r1', 2, 'openai-2')],
        attempts: [attempt(1), attempt(2, 'openai-2')],
      }),
      started('r2', { at: T0 + 3_600_000, model: 'gpt-5-mini' }),
      finished('r2', {
        servedModel: null,
        state: 'failed',
        bindings: [binding('s1', { boundAt: T0 + 5, fingerprint: 'new' })],
      }),
      event('e1'),
    );
    const detail = await requests().detail('r1');
    expect(detail?.attempts.map((row) => row.resource_id)).toEqual(['openai-1', 'openai-2']);
    expect(detail?.decisions.map((row) => row.attempt)).toEqual([1, 2]);
    expect(detail?.decisions[0]?.candidates[0]).toMatchObject({ in_flight: 0, chosen: true });
    const decisions = await new DecisionReadModel(db.service).list({ limit: 10, resource_id: 'openai-2' });
    expect(decisions.rows).toHaveLength(1);
    const usage = new UsageReadModel(db.service);
    const byModel = await usage.list({ group_by: 'model' });
    expect(byModel.rows.map((row) => [row.group, row.requests, row.failed, row.input_tokens])).toEqual([
      ['gpt-5-2025-08-07', 1, 0, 100],
      ['gpt-5-mini', 1, 1, 100],
    ]);
    expect((await usage.list({ group_by: 'hour' })).rows).toHaveLength(2);
    expect((await usage.list({ group_by: 'session' })).rows[0]).toMatchObject({
      group: 's1',
      requests: 2,
      cached_share: 0,
    });
    const affinity = new AffinityReadModel(db.service);
    expect(await affinity.newest(10, T0)).toEqual([binding('s1', { boundAt: T0 + 5, fingerprint: 'new' })]);
    expect(await affinity.newest(10, T0 + 86_400_000)).toEqual([]);
    expect((await new EventReadModel(db.service).list({ limit: 1 })).rows[0]?.data).toEqual({
      from: 'unknown',
      to: 'healthy',
    });
  });

  it('prunes every table by its age, bodies by their own', async () => {
    const day = 86_400_000;
    const old = T0 - 40 * day;
    await recorder.write(sampleRecords());
    await write(
      started('old', { at: old, session: null, decision: { ...decision('old'), at: old } }),
      finished('old', {
        startedAt: old,
        at: old,
        attempts: [{ ...attempt(), startedAt: old }],
        bindings: [],
      }),
      event('old', { at: old }),
    );
    const policy = { retention: { days: 30, bodyDays: 7 } };
    const service = new RetentionService(db.service, policy, { now: () => T0, monotonic: () => 0 });
    expect(await service.prune()).toMatchObject({
      requests: 1,
      attempts: 1,
      decisions: 1,
      events: 1,
      bodies: 0,
    });
    const later = new RetentionService(db.service, policy, { now: () => T0 + 8 * day, monotonic: () => 0 });
    expect(await later.prune()).toMatchObject({ requests: 0, bodies: 1, affinity_bindings: 2 });
    const last = new RetentionService(db.service, policy, { now: () => T0 + 99 * day, monotonic: () => 0 });
    await last.prune();
    expect(JSON.parse(await dump())).toEqual(Object.fromEntries(TABLES.map((table) => [table, []])));
  });
});

function sampleRecords(): SpooledRecord[] {
  const records: TelemetryRecord[] = [];
  for (let i = 0; i < 20; i++) {
    const id = `req_${i}`;
    const session = {
      id: `s${i % 3}`,
      source: 'session-id',
      name: i % 4 === 0 ? `name ${i}` : null,
      threadId: null,
      parentThreadId: null,
    };
    records.push(started(id, { at: T0 + (i % 5), session: i % 7 === 0 ? null : session }));
    if (i % 3 === 0)
      records.push(
        finished(id, {
          state: 'interrupted',
          usage: null,
          resourceId: null,
          at: T0 + 99_999,
          attempts: [],
          bindings: [],
        }),
      );
    if (i % 5 !== 0)
      records.push(
        finished(id, {
          at: T0 + i,
          resourceId: `openai-${i % 4}`,
          decisions: [decision(id, 2)],
          attempts: [attempt(1), attempt(2)],
          bindings: [binding(`s${i % 2}`, { boundAt: T0 + (i % 6), fingerprint: `key${i}` })],
        }),
      );
  }
  const { t: _t, id: _id, decision: _decision, ...rejected } = started('x', { model: 'none' });
  records.push(
    finished('req_rejected', {
      state: 'rejected',
      usage: null,
      resourceId: null,
      attempts: [],
      bindings: [],
      rejected,
    }),
  );
  records.push(event('evt_1'), event('evt_2'));
  const body: TelemetryRecord = {
    t: 'body',
    id: 'req_1',
    at: T0,
    direction: 'response',
    contentType: null,
    contentEncoding: 'br',
    size: 3,
    truncated: false,
  };
  return [...records.map((record) => ({ record, body: null })), { record: body, body: Buffer.from('abc') }];
}

function shuffle<T>(list: T[], random: () => number): T[] {
  for (let i = list.length - 1; i > 0; i--) {
    const j = Math.floor(random() * (i + 1));
    [list[i], list[j]] = [list[j]!, list[i]!];
  }
  return list;
}

function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}
