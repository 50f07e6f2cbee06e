import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DatabaseService } from '../../src/infra/database/database.service.js';
import { encodeCursor } from '../../src/usage/cursor.js';
import { DecisionReadModel } from '../../src/usage/decision.read-model.js';
import { RequestReadModel } from '../../src/usage/request.read-model.js';
import { SeriesReadModel } from '../../src/usage/series.read-model.js';
import { SessionReadModel } from '../../src/usage/session.read-model.js';
import { UsageReadModel } from '../../src/usage/usage.read-model.js';
import { openDatabase, type TestDatabase } from '../support/database.js';
import { ManyRequests } from '../support/many-requests.js';
import { stopPostgres } from '../support/postgres.js';

/** So many that a planner that counts rows does not think reading all of them is best. */
const history = new ManyRequests(20_000, 1_795_400_000_000);
const MIDDLE = 10_000;
const READS_ALL =
  /Seq Scan on (requests|sessions|decisions|attempts)|^SCAN (requests|sessions|decisions|attempts)$/m;

afterAll(stopPostgres);

/** A page must cost the same however long the history is: no table is read from end to end, and nothing is sorted. */
describe.each(['sqlite', 'postgres'] as const)('pages of a long history in %s', (dialect) => {
  let database: TestDatabase;
  const asked: { sql: string; params: unknown[] }[] = [];

  beforeAll(async () => {
    database = await openDatabase(dialect);
    await history.write(database.service);
  }, 60_000);
  afterAll(() => database.close());

  /** The real one, which remembers what it was asked. */
  const listening = (): DatabaseService =>
    Object.create(database.service, {
      read: {
        value: (sql: string, params: unknown[]) => {
          asked.push({ sql, params });
          return database.service.read(sql, params);
        },
      },
    }) as DatabaseService;
  const decisions = (): DecisionReadModel => new DecisionReadModel(listening());
  const requests = (): RequestReadModel => new RequestReadModel(listening(), decisions());
  const sessions = (): SessionReadModel => new SessionReadModel(listening(), requests());

  /** How the database means to answer each question, in its own words. */
  async function plans(ask: Promise<unknown>): Promise<string[]> {
    await ask;
    const explain = dialect === 'sqlite' ? 'EXPLAIN QUERY PLAN' : 'EXPLAIN';
    return Promise.all(
      asked.splice(0).map(async ({ sql, params }) => {
        const rows = await database.service.dataSource.query<Record<string, string>[]>(
          `${explain} ${sql}`,
          params,
        );
        return rows.map((row) => row['detail'] ?? row['QUERY PLAN']).join('\n');
      }),
    );
  }

  function expectCheap(plan: string): void {
    if (dialect === 'sqlite') expect(plan).not.toMatch(/^SCAN (requests|sessions|decisions)$|TEMP B-TREE/m);
    else expect(plan).not.toMatch(/Seq Scan|\bSort\b/);
    expect(plan).toMatch(/index/i);
  }

  const cursor = encodeCursor({ at: history.startedAt(MIDDLE), id: history.id(MIDDLE) });
  const session_id = history.session(MIDDLE);
  it.each([
    {},
    { cursor },
    { session_id },
    { resource_id: 'openai-3' },
    { caller_id: 'key_of_nobody' },
    { status_code: 429 },
    { model: 'gpt-5.5-mini' },
    { caller_id: 'key_3' },
    { state: 'upstream_error' },
    { since: history.startedAt(MIDDLE) },
    { resource_id: 'openai-3', cursor },
    { status_code: 429, since: history.startedAt(MIDDLE) },
    { model: 'gpt-5.5', status_code: 599 },
    { resource_id: 'openai-3', model: 'gpt-5.5', state: 'timeout' },
  ])('of requests with %o', async (filter) => {
    for (const plan of await plans(requests().list({ limit: 100, ...filter }))) expectCheap(plan);
  });

  it.each([
    [{ model: 'gpt-5.5', status_code: 599 }, 'status_code'],
    [{ session_id, status_code: 500, model: 'gpt-5.5' }, 'session_id'],
    [{ resource_id: 'openai-3', state: 'timeout' }, 'state'],
    [{ resource_id: 'openai-3', status_code: 200, state: 'completed' }, 'resource_id'],
  ])('of requests with %o by what is rare of it, %s', async (filter, column) => {
    const [plan] = await plans(requests().list({ limit: 100, ...filter }));
    // Postgres counts its rows, and may know better.
    if (dialect === 'sqlite') expect(plan).toContain(`ix_requests_${column}_started_at_id`);
    else expect(plan).not.toMatch(READS_ALL);
  });

  it('of sessions, of decisions, and of single ones', async () => {
    const all = [
      ...(await plans(sessions().list({ limit: 100 }))),
      ...(await plans(sessions().list({ limit: 100, cursor }))),
      ...(await plans(decisions().list({ limit: 100, cursor }))),
      ...(await plans(decisions().list({ limit: 100, session_id }))),
      ...(await plans(decisions().list({ limit: 100, resource_id: 'openai-3' }))),
      ...(await plans(decisions().list({ limit: 100, caller_id: 'key_1' }))),
      ...(await plans(decisions().list({ limit: 100, model: 'gpt-5.5' }))),
    ];
    expect(all).toHaveLength(7);
    for (const plan of all) expectCheap(plan);
    // One request and one session sort what little there is of them.
    const single = [
      ...(await plans(decisions().list({ limit: 100, request_id: history.id(MIDDLE) }))),
      ...(await plans(requests().detail(history.id(MIDDLE)))),
      ...(await plans(sessions().detail(session_id))),
    ];
    expect(single.length).toBeGreaterThan(6);
    for (const plan of single) {
      expect(plan).not.toMatch(READS_ALL);
      expect(plan).not.toMatch(/^SCAN \w+ USING|ix_requests_caller_id/m);
    }
  });

  it('of what somebody calls a request: its response, and its decisions', async () => {
    for (const request_id of [history.id(MIDDLE), `resp_${MIDDLE}`, 'req_of_upstream']) {
      const all = [
        ...(await plans(requests().list({ limit: 100, request_id }))),
        ...(await plans(requests().list({ limit: 100, request_id, cursor, status_code: 200 }))),
        ...(await plans(decisions().list({ limit: 100, request_id }))),
        ...(await plans(decisions().list({ limit: 100, request_id, status_code: 500 }))),
      ];
      expect(all).toHaveLength(4);
      for (const plan of all) {
        expect(plan).not.toMatch(READS_ALL);
        expect(plan).toContain('ix_requests_response_id');
        expect(plan).toContain('ix_requests_upstream_request_id');
        expect(plan).not.toMatch(/ix_\w+_(started_at|at)_id/);
      }
    }
  });

  it('of decisions by how their requests ended: by the few that ended so, else as they come', async () => {
    const rare = [
      ...(await plans(decisions().list({ limit: 100, status_code: 500 }))),
      ...(await plans(decisions().list({ limit: 100, state: 'upstream_error', cursor }))),
    ];
    for (const plan of rare) {
      expect(plan).not.toMatch(READS_ALL);
      expect(plan).toMatch(/ix_requests_(status_code_started_at_id|state_started_at_id|failed)/);
      expect(plan).toContain('ix_decisions_request_id_attempt');
    }
    const usual = await plans(decisions().list({ limit: 100, status_code: 200, resource_id: 'openai-3' }));
    for (const plan of usual) {
      expect(plan).not.toMatch(READS_ALL);
      expect(plan).toMatch(dialect === 'sqlite' ? /ix_decisions_resource_id_at_id/ : /ix_decisions_\w*at_id/);
    }
    expect([rare.length, usual.length]).toEqual([2, 1]);
    const [both = ''] = await plans(
      decisions().list({ limit: 100, status_code: 429, resource_id: 'openai-3' }),
    );
    // Postgres counts its rows, and may know better.
    if (dialect === 'sqlite') expect(both).toContain('ix_requests_status_code_started_at_id');
    else expect(both).not.toMatch(READS_ALL);
  });

  it('of charts over weeks: sums, what has failed, and the last hours', async () => {
    const clock = { now: () => history.now, monotonic: () => 0 };
    const all = await plans(new SeriesReadModel(listening(), clock).read('30d'));
    expect(all.length).toBeGreaterThan(4);
    for (const plan of all) {
      expect(plan).not.toMatch(READS_ALL);
      expect(plan).toContain('ix_requests_not_counted');
      expect(plan).toMatch(/(COVERING INDEX|Index Only Scan using) ix_requests_failed/);
    }
  });

  it.each(['model', 'resource', 'key', 'hour'] as const)(
    'of usage by %s: sums, not requests',
    async (group_by) => {
      const usage = new UsageReadModel(listening());
      const all = [
        ...(await plans(usage.list({ group_by }))),
        ...(await plans(usage.list({ group_by, since: history.startedAt(MIDDLE) }))),
      ];
      expect(all).toHaveLength(2);
      for (const plan of all) {
        expect(plan).not.toMatch(READS_ALL);
        expect(plan).toContain('ix_requests_not_counted');
      }
    },
  );

  it('of usage by session: their totals, and requests only of those that began before', async () => {
    const usage = new UsageReadModel(listening());
    const [plan] = await plans(usage.list({ group_by: 'session', since: history.startedAt(MIDDLE + 5) }));
    expect(plan).toContain('ix_requests_session_id_started_at_id');
    expect(plan).not.toMatch(/Seq Scan on requests|SCAN requests|ix_requests_started_at_id/);
  });
});
