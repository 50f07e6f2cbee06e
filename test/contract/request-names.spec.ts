import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { DecisionReadModel } from '../../src/usage/decision.read-model.js';
import { Recorder } from '../../src/usage/recorder.js';
import type { TelemetryRecord } from '../../src/usage/records.js';
import { RequestReadModel } from '../../src/usage/request.read-model.js';
import { openDatabase, type TestDatabase } from '../support/database.js';
import { stopPostgres } from '../support/postgres.js';
import { decision, finished, started, T0 } from '../support/telemetry-records.js';

afterAll(stopPostgres);

describe.each(['sqlite', 'postgres'] as const)('requests and decisions are looked up in %s', (dialect) => {
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

  it('finds a request by each name it has, and what is too long for an index is stored all the same', async () => {
    const long = 'x'.repeat(4_000);
    await write(
      started('r1'),
      finished('r1', { responseId: 'resp_a', upstreamRequestId: 'req_of_upstream' }),
      // The same response, asked for again.
      started('r2', { at: T0 + 1, callerId: 'key_b', method: 'GET' }),
      finished('r2', { responseId: 'resp_a', upstreamRequestId: 'req_other' }),
      started('r3', { at: T0 + 2 }),
      finished('r3', { responseId: long, upstreamRequestId: long }),
    );
    const decisions = new DecisionReadModel(db.service);
    const found = async (request_id: string, more = {}): Promise<string[][]> => [
      (await requests().list({ limit: 9, request_id, ...more })).rows.map(({ id }) => id),
      (await decisions.list({ limit: 9, request_id, ...more })).rows.map((row) => row.request_id),
    ];
    expect(await found('r1')).toEqual([['r1'], ['r1']]);
    expect((await found('resp_a'))[0]).toEqual(['r2', 'r1']);
    expect(await found('resp_a', { status_code: 200, state: 'completed' })).toHaveLength(2);
    expect((await found('resp_a', { caller_id: 'key_b' }))[0]).toEqual(['r2']);
    expect(await found('req_of_upstream')).toEqual([['r1'], ['r1']]);
    expect(await found('nobody')).toEqual([[], []]);
    const page = await requests().list({ limit: 1, request_id: 'resp_a' });
    const next = await requests().list({ limit: 1, request_id: 'resp_a', cursor: page.nextCursor });
    expect([...page.rows, ...next.rows].map(({ id }) => id)).toEqual(['r2', 'r1']);
    expect(next.nextCursor).toBeNull();
    expect((await requests().detail('r3'))?.request.response_id).toBe(long);
  });

  it('pages through decisions by how their requests ended, without gaps or repeats', async () => {
    const retried = (id: string, i: number, statusCode: number): TelemetryRecord[] => [
      started(id, { at: T0 + Math.floor(i / 2), callerId: `key_${i % 2}` }),
      finished(id, {
        statusCode,
        state: statusCode === 200 ? 'completed' : 'upstream_error',
        decisions: [decision(id, 2, 'openai-2'), decision(id, 3, 'openai-1')],
      }),
    ];
    const all = Array.from({ length: 8 }, (_, i) => retried(`r${i}`, i, i % 2 === 0 ? 429 : 200));
    await write(...all.flat());
    const decisions = new DecisionReadModel(db.service);
    const paged = async (filter: object): Promise<string[]> => {
      const seen: string[] = [];
      let cursor: string | null = null;
      do {
        const page = await decisions.list({ limit: 2, cursor, ...filter });
        expect(page.rows.length).toBeLessThanOrEqual(2);
        seen.push(...page.rows.map((row) => `${row.request_id}/${row.attempt}`));
        cursor = page.nextCursor;
      } while (cursor !== null);
      return seen;
    };
    const of = (...ids: string[]): string[] => ids.flatMap((id) => [3, 2, 1].map((n) => `${id}/${n}`));
    expect(await paged({ status_code: 429 })).toEqual(of('r6', 'r4', 'r2', 'r0'));
    expect(await paged({ state: 'upstream_error', since: T0 + 2 })).toEqual(of('r6', 'r4'));
    expect((await paged({ status_code: 200 })).toSorted()).toEqual(of('r1', 'r3', 'r5', 'r7').toSorted());
    expect(await paged({ status_code: 429, resource_id: 'openai-2' })).toEqual([
      'r6/2',
      'r4/2',
      'r2/2',
      'r0/2',
    ]);
    expect(await paged({ status_code: 429, state: 'completed' })).toEqual([]);
    // The next model of an alias begins at its first attempt.
    const next = ['a', 'b', 'c'].map((one) => ({ ...decision('r9'), id: `dec_r9_1${one}` }));
    await write(started('r9'), finished('r9', { statusCode: 418, state: 'upstream_error', decisions: next }));
    expect(await paged({ status_code: 418 })).toEqual(['r9/1', 'r9/1', 'r9/1', 'r9/1']);
    expect(await paged({ status_code: 429, session_id: 's1', request_id: 'r2' })).toEqual(of('r2'));
    await expect(decisions.list({ limit: 1, status_code: 429, cursor: '!' })).rejects.toMatchObject({
      code: 'invalid_parameter',
    });
  });
});
