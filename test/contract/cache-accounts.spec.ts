import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DecisionReadModel } from '../../src/usage/decision.read-model.js';
import { Recorder } from '../../src/usage/recorder.js';
import type { TelemetryRecord } from '../../src/usage/records.js';
import { RequestReadModel } from '../../src/usage/request.read-model.js';
import { SessionReadModel } from '../../src/usage/session.read-model.js';
import { USAGE_GROUPS, UsageReadModel } from '../../src/usage/usage.read-model.js';
import { openDatabase, type TestDatabase } from '../support/database.js';
import { stopPostgres } from '../support/postgres.js';
import { finished, started, T0 } from '../support/telemetry-records.js';

afterAll(stopPostgres);

interface Turn {
  readonly on?: string;
  readonly session?: string;
  readonly caller?: string;
  readonly path?: string;
  readonly input?: number | null;
  readonly cached?: number | null;
}

/** The records of turn `n`, a second after the one before it. */
function turn(
  n: number,
  { on = 'openai-1', session = 's1', caller = 'loopback', path, input, cached }: Turn,
) {
  const id = `r${String(n).padStart(3, '0')}`;
  const at = T0 + n * 1000;
  const usage = {
    inputTokens: input === undefined ? 100 : input,
    cachedTokens: cached === undefined ? 0 : cached,
    cacheWriteTokens: 1,
    outputTokens: 10,
    reasoningTokens: null,
    totalTokens: null,
  };
  return [
    started(id, {
      at,
      callerId: caller,
      path: path ?? '/v1/responses',
      session: { id: session, source: 'session-id', name: null, threadId: 't1', parentThreadId: 't0' },
    }),
    finished(id, { startedAt: at, at: at + 5, resourceId: on, usage }),
  ] satisfies TelemetryRecord[];
}

describe.each(['sqlite', 'postgres'] as const)('the accounts of the prompt cache on %s', (dialect) => {
  let db: TestDatabase;
  const requests = () => new RequestReadModel(db.service, new DecisionReadModel(db.service));
  const sessions = () => new SessionReadModel(db.service, requests());

  beforeEach(async () => {
    db = await openDatabase(dialect);
  });
  afterEach(() => db.close());

  const write = (turns: readonly Turn[]) =>
    new Recorder(db.service).write(
      turns.flatMap((one, n) => turn(n, one)).map((record) => ({ record, body: null })),
    );

  it('of a session: its rate, the keys it used and how often it moved', async () => {
    await write([
      { cached: 0, input: 1000 },
      { cached: 900, input: 1100 },
      { on: 'openai-2', cached: 0, input: 1200 },
      // Neither runs the model: no move.
      { on: 'openai-1', path: '/v1/models' },
      { on: 'openai-1', path: '/v1/responses/resp_1' },
      { on: 'openai-2', cached: 1100, input: 1300 },
      { on: 'openai-1', cached: 1000, input: 1400 },
      { on: 'openai-3', caller: 'somebody', cached: 7, input: 7 },
    ]);
    const { rows } = await sessions().list({ limit: 10 });
    const own = rows.find((row) => row.caller_id === 'loopback');
    expect(own).toMatchObject({ input_tokens: 6200, cached_tokens: 3000, cache_write_tokens: 7 });
    expect(own?.cache_hit_rate).toBeCloseTo(3000 / 6200, 10);
    // The one seen last is meant when two callers use one name.
    expect(await sessions().detail('s1')).toMatchObject({
      moves: 0,
      resources: [{ resource_id: 'openai-3', requests: 1, cache_hit_rate: 1 }],
    });
  });

  it('of each key a session used', async () => {
    await write([
      { cached: 0, input: 1000 },
      { cached: 900, input: 1100 },
      { on: 'openai-2', cached: 0, input: 1200 },
      { on: 'openai-1', path: '/v1/models' },
      { on: 'openai-2', cached: 1100, input: 1300 },
      { on: 'openai-1', cached: null, input: 1400 },
    ]);
    const detail = await sessions().detail('s1');
    expect(detail?.moves).toBe(2);
    expect(detail?.resources).toEqual([
      {
        resource_id: 'openai-1',
        requests: 3,
        first_at: T0,
        last_at: T0 + 5000,
        input_tokens: 3500,
        cached_tokens: 900,
        cache_write_tokens: 3,
        cache_hit_rate: 900 / 3500,
      },
      {
        resource_id: 'openai-2',
        requests: 2,
        first_at: T0 + 2000,
        last_at: T0 + 4000,
        input_tokens: 2500,
        cached_tokens: 1100,
        cache_write_tokens: 2,
        cache_hit_rate: 1100 / 2500,
      },
    ]);
  });

  it.each(USAGE_GROUPS)('by %s: the rate where it is known, null where it is not', async (group_by) => {
    await write([
      { cached: 40, input: 100 },
      { cached: 60, input: 100 },
    ]);
    const known = (await new UsageReadModel(db.service).list({ group_by })).rows;
    expect(known).toMatchObject([
      { requests: 2, input_tokens: 200, cached_tokens: 100, cache_write_tokens: 2, cache_hit_rate: 0.5 },
    ]);
  });

  it('tell unknown from zero', async () => {
    await write([
      { session: 'nothing', cached: 0, input: 100 },
      { session: 'silent', cached: null, input: 100 },
      { session: 'mute', cached: null, input: null },
    ]);
    const { rows } = await sessions().list({ limit: 10 });
    expect(Object.fromEntries(rows.map((row) => [row.id, row.cache_hit_rate]))).toEqual({
      nothing: 0,
      silent: null,
      mute: null,
    });
  });

  it('come with where a request belongs: its session’s source and its threads', async () => {
    await write([{}]);
    expect((await requests().detail('r000'))?.request).toMatchObject({
      session_id: 's1',
      session_source: 'session-id',
      thread_id: 't1',
      parent_thread_id: 't0',
    });
  });
});
