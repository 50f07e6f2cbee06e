import { RETENTION } from '../support/retention.js';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/common/clock.js';
import { LonePeers } from '../../src/state/lone-peers.js';
import { AffinityReadModel } from '../../src/usage/affinity.read-model.js';
import { DecisionReadModel } from '../../src/usage/decision.read-model.js';
import { EventReadModel } from '../../src/usage/event.read-model.js';
import { Recorder } from '../../src/usage/recorder.js';
import type { TelemetryRecord } from '../../src/usage/records.js';
import { RequestReadModel } from '../../src/usage/request.read-model.js';
import { createLogger } from '../../src/common/logger.js';
import { RetentionService } from '../../src/usage/retention.service.js';
import { SessionReadModel } from '../../src/usage/session.read-model.js';
import { UsageReadModel } from '../../src/usage/usage.read-model.js';
import { dumpTables, openDatabase, TABLES, type TestDatabase } from '../support/database.js';
import { stopPostgres } from '../support/postgres.js';
import { attempt, binding, decision, event, finished, started, T0 } from '../support/telemetry-records.js';
import { sampleRecords } from '../support/telemetry-sample.js';

afterAll(stopPostgres);

describe.each(['sqlite', 'postgres'] as const)('history on %s', (dialect) => {
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

  it('reads every session once for an export, also one that goes on meanwhile', async () => {
    const turn = (session: string, at: number): TelemetryRecord =>
      started(`r-${session}-${at}`, {
        at,
        session: { id: session, source: 'session-id', name: null, threadId: null, parentThreadId: null },
      });
    await write(...['a', 'b', 'c', 'd', 'e'].map((session, i) => turn(session, T0 + i)));
    const sessions = new SessionReadModel(db.service, requests());
    const first = await sessions.byId({ limit: 2, since: null, after: undefined });
    await write(turn('c', T0 + 1_000), turn('a', T0 + 1_000));
    const second = await sessions.byId({ limit: 9, since: null, after: first.at(-1) });
    expect([...first, ...second].map(({ id }) => id)).toEqual(['a', 'b', 'c', 'd', 'e']);
    const recent = await sessions.byId({ limit: 9, since: T0 + 1_000, after: undefined });
    expect(recent.map(({ id }) => id)).toEqual(['a', 'c']);
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
    expect(detail?.attempts[0]).toMatchObject({ retry_reason: 'served', retry_text: 'Served.' });
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
      cache_hit_rate: 0,
    });
    const affinity = new AffinityReadModel(db.service);
    expect(await affinity.newest(10, T0)).toEqual([binding('s1', { boundAt: T0 + 5, fingerprint: 'new' })]);
    expect(await affinity.newest(10, T0 + 86_400_000)).toEqual([]);
    expect((await new EventReadModel(db.service).list({ limit: 1 })).rows[0]?.data).toEqual({
      from: 'unknown',
      to: 'healthy',
    });
  });

  it('tells unknown from zero: attempts of an interrupted request, the cached share', async () => {
    await write(
      started('drained'),
      finished('drained', { state: 'interrupted', usage: null }),
      started('silent', { model: 'silent' }),
      finished('silent', {
        servedModel: 'silent',
        usage: {
          inputTokens: 100,
          cachedTokens: null,
          cacheWriteTokens: null,
          outputTokens: 1,
          reasoningTokens: null,
          totalTokens: 101,
        },
      }),
    );
    expect((await requests().detail('drained'))?.request).toMatchObject({ attempts: 1, response_bytes: 900 });
    const { rows } = await new UsageReadModel(db.service).list({ group_by: 'model' });
    expect(rows.find((row) => row.group === 'silent')).toMatchObject({
      input_tokens: 100,
      cached_tokens: null,
      cache_hit_rate: null,
    });
  });

  it('lists the sessions that a session has started, with their totals, and nobody else’s', async () => {
    const turn = (
      id: string,
      session: string,
      thread: string | null,
      parent: string | null,
      callerId = 'key_a',
    ) =>
      started(id, {
        callerId,
        session: { id: session, source: 'session-id', name: null, threadId: thread, parentThreadId: parent },
      });
    await write(
      turn('r1', 'main', 'thread-main', null),
      turn('r2', 'agent-by-session', null, 'main'),
      turn('r3', 'agent-by-thread', null, 'thread-main'),
      turn('r4', 'stranger', null, 'main', 'key_b'),
      turn('r5', 'main', 'thread-inner', 'thread-main'),
      finished('r2', { state: 'upstream_error' }),
    );
    const sessions = new SessionReadModel(db.service, requests());
    const { children = [] } = (await sessions.detail('main')) ?? {};
    expect(children.map(({ id, failed_requests }) => `${id} ${failed_requests}`).sort()).toEqual([
      'agent-by-session 1',
      'agent-by-thread 0',
    ]);
    expect((await sessions.detail('agent-by-session'))?.children).toEqual([]);
  });

  it('says who started a session by its first request: a sub-agent within it does not make it its own child', async () => {
    const turn = (id: string, session: string, thread: string, parent: string | null, at: number) =>
      started(id, {
        at,
        session: { id: session, source: 'session-id', name: null, threadId: thread, parentThreadId: parent },
      });
    await write(turn('r2', 'main', 'thread-agent', 'thread-main', T0 + 2));
    await write(turn('r1', 'main', 'thread-main', null, T0 + 1));
    await write(turn('r3', 'main', 'thread-agent', 'thread-main', T0 + 3));
    await write(turn('r4', 'apart', 'thread-apart', 'thread-main', T0 + 4));
    await write(turn('r5', 'apart', 'thread-deeper', 'thread-apart', T0 + 5));
    const sessions = new SessionReadModel(db.service, requests());
    const parents = async (): Promise<object> => {
      const { rows } = await sessions.list({ limit: 10 });
      return Object.fromEntries(rows.map((row) => [row.id, row.parent_thread_id]));
    };
    const right = { main: null, apart: 'thread-main' };
    expect(await parents()).toEqual(right);
    // As versions before stored it.
    await db.service.dataSource.query(
      `UPDATE "sessions" SET "parent_thread_id" = 'main' WHERE "id" = 'main'`,
    );
    expect(await parents()).toEqual(right);
    expect((await sessions.detail('main'))?.session.parent_thread_id).toBeNull();
  });

  it('keeps what a move cost and what a session has cached, and tells unknown from zero', async () => {
    const moved = (id: string, cachedTokensAtStake: number | null) => ({
      decision: { ...decision(id), affinityResult: 'moved' as const, cachedTokensAtStake },
    });
    await write(
      started('r1', moved('r1', 48_640)),
      started('r2', moved('r2', 0)),
      started('r3', moved('r3', null)),
      finished('r3', {
        bindings: [
          binding('s1', { cachedTokens: 2_048 }),
          binding('s2', { cachedTokens: 0 }),
          binding('s3', { cachedTokens: null }),
        ],
      }),
      finished('r1', { bindings: [binding('s1', { boundAt: T0 + 9, cachedTokens: 4_096 })] }),
    );
    const { rows } = await new DecisionReadModel(db.service).list({ limit: 10 });
    expect(Object.fromEntries(rows.map((row) => [row.request_id, row.cached_tokens_at_stake]))).toEqual({
      r1: 48_640,
      r2: 0,
      r3: null,
    });
    const bindings = await new AffinityReadModel(db.service).newest(10, T0);
    expect(Object.fromEntries(bindings.map((one) => [one.id, one.cachedTokens]))).toEqual({
      s1: 4_096,
      s2: 0,
      s3: null,
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
    const policy = { retention: RETENTION };
    const alone = new LonePeers({ instanceId: 'inst_1', role: 'api', version: '1' }, systemClock);
    const logger = createLogger('silent');
    const at = (now: number): RetentionService =>
      new RetentionService(db.service, policy, { now: () => now, monotonic: () => 0 }, alone, logger);
    expect(await at(T0).prune()).toMatchObject({
      requests: 1,
      attempts: 1,
      decisions: 1,
      events: 1,
      bodies: 0,
    });
    expect(await at(T0 + 8 * day).prune()).toMatchObject({ requests: 0, bodies: 1, affinity_bindings: 2 });
    await at(T0 + 99 * day).prune();
    expect(JSON.parse(await dumpTables(db.service))).toEqual(
      Object.fromEntries(TABLES.map((table) => [table, []])),
    );
  });
});
