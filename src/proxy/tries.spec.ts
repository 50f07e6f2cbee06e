import { describe, expect, it } from 'vitest';
import { answered, NO_HINTS, routingWorld, SERVED, type WorldKey } from '../../test/support/routing-world.js';
import type { AliasPin } from '../common/alias-pin.js';
import type { RoutingHints } from '../balancer/routing-hints.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import type { AttemptRecord } from '../usage/records.js';
import type { Exchange } from './exchange.js';
import type { ProxyDependencies } from './proxy-dependencies.js';
import { RetryBudget } from './retry-budget.js';
import { reasonAtEnd } from './retry-policy.js';
import { Tries } from './tries.js';
import { WaitingRoom } from './waiting-room.js';

const RULES = { method: 'POST', idempotent: false, generates: true };

/** Requests whose keys answer as told; waiting is off. */
function tries(keys: readonly WorldKey[], prepare: (world: ReturnType<typeof routingWorld>) => void) {
  const world = routingWorld(keys);
  prepare(world);
  const room = new WaitingRoom(world.balancer, { budgetMs: 0, maxWaiting: 256 }, world.clock);
  const deps = { balancer: world.balancer, config: { retry5xx: true } } as unknown as ProxyDependencies;
  const request = async (
    hints: Partial<RoutingHints>,
    answer: (id: string) => AttemptOutcome | 'not there',
    budget: RetryBudget | null = new RetryBudget(),
  ) => {
    const all = { ...NO_HINTS, model: 'gpt-x', ...hints };
    const plain = { hints: all, res: { headersSent: false }, waitedMs: 0, attempts: [], decisions: [] };
    const exchange = { ...plain, callerId: all.callerId } as unknown as Exchange;
    const tried = new Tries(deps, exchange, room, { ...RULES, budget });
    const asked: string[] = [];
    for (;;) {
      const lease = await tried.next();
      if (lease === null) break;
      const { id } = lease.resource;
      asked.push(id);
      const outcome = answer(id);
      if (outcome === 'not there') {
        lease.release(answered(404));
        exchange.attempts.push({ n: asked.length, retryReason: 'no_websocket' } as AttemptRecord);
        tried.passOver(lease, [id]);
        continue;
      }
      lease.release(outcome);
      exchange.attempts.push({ n: asked.length, retryReason: reasonAtEnd(outcome) } as AttemptRecord);
      if (!tried.mayGoOn(lease, outcome)) break;
    }
    const end = tried.conclude();
    const heard = end.kind === 'pass' ? end : { code: end.error.code, ...end.error.toHeaders() };
    const reasons = exchange.attempts.map(({ retryReason }) => retryReason);
    const { nothingRan } = tried;
    return { asked, heard, reasons, nothingRan, numbers: exchange.decisions.map(({ attempt }) => attempt) };
  };
  return { world, request };
}

const two: WorldKey[] = [{ key: 'a' }, { key: 'b', maxConcurrency: 1 }];
const keys = (n: number): WorldKey[] => Array.from({ length: n }, (_, i) => ({ key: `k${i}` }));

describe('what follows a refusal of one key', () => {
  it.each([answered(401), answered(429, 'insufficient_quota'), answered(404, 'model_not_found')])(
    'is "come back" while the other key is busy: %o',
    async (outcome) => {
      const { request } = tries(two, (world) => void world.live.enter('openai-2'));
      const { asked, heard } = await request({}, () => outcome);
      expect(asked).toEqual(['openai-1']);
      expect(heard).toEqual({
        code: 'no_available_resources',
        'x-should-retry': 'true',
        'retry-after': '1',
      });
    },
  );

  it('is the time of the other key while that one is paused, and no time of the refused one', async () => {
    const { request } = tries(two, (world) => world.fail('openai-2', answered(429, null, 12_000)));
    const { heard } = await request({}, () => answered(401));
    expect(heard).toEqual({ code: 'upstream_rate_limited', 'x-should-retry': 'true', 'retry-after': '12' });
  });

  it('is the end when the other key has been refused, too', async () => {
    for (const before of [answered(401), answered(429, 'insufficient_quota')]) {
      const { request } = tries(two, (world) => world.fail('openai-2', before));
      expect((await request({}, () => answered(401))).heard).toEqual({
        code: 'upstream_auth_failed',
        'x-should-retry': 'false',
      });
    }
  });

  it('finds the one key that has the model, or says in the end that there is none', async () => {
    const missing = answered(404, 'model_not_found');
    const { request } = tries(keys(4), () => undefined);
    const first = await request({}, () => missing);
    expect(first.asked).toHaveLength(3);
    expect(first.heard).toMatchObject({ code: 'no_available_resources', 'retry-after': '1' });
    const second = await request({}, () => missing);
    expect(second.asked).toHaveLength(1);
    expect(first.asked).not.toContain(second.asked[0]);
    expect(second.heard).toEqual({ kind: 'pass', retryAfterSeconds: null });
  });

  it('is said with a time when the fourth key is paused after three were refused', async () => {
    const { request } = tries(keys(4), (world) => world.fail('openai-4', answered(429, null, 8_000)));
    const { asked, heard } = await request({}, () => answered(401));
    expect(asked).toHaveLength(3);
    expect(heard).toMatchObject({ code: 'upstream_rate_limited', 'retry-after': '8' });
  });

  it('is lost with the owner at the very request that finds its key refused', async () => {
    const { world, request } = tries(two, () => undefined);
    const owner = world.serve({}, { responseId: 'resp_1' });
    const hints = { previousResponseId: 'resp_1' };
    await expect(request(hints, () => answered(401))).rejects.toMatchObject({ code: 'affinity_lost' });
    await expect(request(hints, () => answered(401))).rejects.toMatchObject({ code: 'affinity_lost' });
    expect(world.live.inFlight(owner)).toBe(0);
  });
});

describe('a 403 with a code that nobody knows', () => {
  const strange = answered(403, 'content_not_allowed_here');
  const typed = { ...answered(403, 'permission_error'), codeIsType: true };

  const inOrganizations = (...names: string[]): WorldKey[] =>
    names.map((organization, i) => ({ key: `k${i}`, organization }));

  it('from all who were asked is the fault of the request: they are as they were, and the client hears it', async () => {
    const { world, request } = tries(keys(3), () => undefined);
    const { asked, heard, reasons, nothingRan } = await request({}, () => strange);
    expect(asked).toHaveLength(3);
    expect(heard).toEqual({ kind: 'pass', retryAfterSeconds: null });
    expect(reasons).toEqual(['refused_by_upstream', 'refused_by_upstream', 'request_at_fault']);
    // No fallback of an alias is asked, either.
    expect(nothingRan).toBe(false);
    for (const id of asked) expect(world.health.refusal(id, null, world.clock.monotonic())).toBeNull();
    expect(world.health.of(asked[0] ?? '')).toMatchObject({ status: 'healthy', reason: 'request_refused' });
    expect((await request({}, () => SERVED)).asked).toHaveLength(1);
  });

  it('from two keys of one organisation is not: the third one serves, and both are put aside', async () => {
    const busy = ({ live }: ReturnType<typeof routingWorld>) => void live.enter('openai-3');
    const { world, request } = tries(inOrganizations('a', 'a', 'b'), busy);
    const { asked } = await request({}, (id) => (id === 'openai-3' ? SERVED : strange));
    expect([asked.length, asked.at(-1)]).toEqual([3, 'openai-3']);
    for (const id of ['openai-1', 'openai-2']) expect(world.health.of(id).reason).toBe('forbidden');
  });

  it.each([
    ['of one organisation', inOrganizations('a', 'a'), [strange, strange]],
    ['when one of them said something else', keys(3), [answered(401), strange, strange]],
    ['with a type only, which many errors share', keys(2), [typed, typed]],
  ])('from all who were asked is still about the keys %s', async (_, all, answers) => {
    const { world, request } = tries(all, () => undefined);
    const rest = [...answers];
    const { asked, heard, nothingRan } = await request({}, () => rest.shift() ?? SERVED);
    expect(asked).toHaveLength(answers.length);
    expect(heard).toEqual({ code: 'upstream_auth_failed', 'x-should-retry': 'false' });
    expect(nothingRan).toBe(true);
    expect(world.health.of(asked.at(-1) ?? '').reason).toBe('forbidden');
  });

  it('in a handshake, which has nothing of a request in it, is about the keys', async () => {
    const { world, request } = tries(keys(2), () => undefined);
    const { asked, heard } = await request({}, () => strange, null);
    expect(heard).toMatchObject({ code: 'upstream_auth_failed' });
    for (const id of asked) expect(world.health.of(id).reason).toBe('forbidden');
  });

  it.each([
    ['from one key', strange, SERVED, 'forbidden'],
    ['in other words than the second one', strange, answered(403, 'something_else'), 'forbidden'],
    ['that somebody does know', answered(403, 'missing_scope'), answered(403, 'missing_scope'), 'forbidden'],
    ['that is no code', answered(403), answered(403), 'forbidden'],
  ])('%s is still about the key', async (_, first, second, reason) => {
    const { world, request } = tries(keys(2), () => undefined);
    const answers = [first, second];
    const { asked } = await request({}, () => answers.shift() ?? SERVED);
    expect(asked).toHaveLength(2);
    expect(world.health.of(asked[0] ?? '').reason).toBe(reason);
  });

  it('takes nothing back that rests on anything else', async () => {
    const { world, request } = tries(keys(2), () => undefined);
    let first = '';
    await request({}, (id) => {
      if (first !== '') world.fail(first, answered(429, 'insufficient_quota'));
      first ||= id;
      return strange;
    });
    expect(world.health.of(first).reason).toBe('insufficient_quota');
  });
});

describe('whoever was passed over', () => {
  it('has used up no attempt, and is counted through in the record', async () => {
    const { request } = tries(keys(6), () => undefined);
    const answers = ['not there', 'not there', answered(401), answered(401), SERVED] as const;
    let n = 0;
    const { asked, reasons, numbers } = await request({}, () => answers[n++] ?? answered(500));
    expect(new Set(asked).size).toBe(5);
    const refused = ['refused_by_upstream', 'refused_by_upstream'];
    expect(reasons).toEqual(['no_websocket', 'no_websocket', ...refused, 'served']);
    expect(numbers).toEqual([1, 2, 3, 4, 5]);
  });

  it('has said nothing that the client hears instead of an answer', async () => {
    const { request } = tries(keys(2), () => undefined);
    const answers = [answered(429, null, 12_000), 'not there'] as const;
    let n = 0;
    const { asked, heard } = await request({}, () => answers[n++] ?? answered(500));
    expect(asked).toHaveLength(2);
    expect(heard).toEqual({ kind: 'pass', retryAfterSeconds: 12 });
  });
});

describe('what follows a refusal of the one key that serves an alias', () => {
  const pinned = (over: Partial<AliasPin>): Partial<RoutingHints> => ({
    model: 'team',
    alias: { alias: 'team', upstreamId: 'gpt-x', resourceId: null, poolId: null, ...over },
  });
  const toTheFirst = pinned({ resourceId: 'openai-1' });

  it.each([answered(401), answered(403), answered(429, 'insufficient_quota')])(
    'is its end: keys the alias may not use are no others to come back for (%o)',
    async (outcome) => {
      const { request } = tries(keys(3), () => undefined);
      const { asked, heard } = await request(toTheFirst, () => outcome);
      expect(asked).toEqual(['openai-1']);
      expect(heard).toEqual({ code: 'upstream_auth_failed', 'x-should-retry': 'false' });
    },
  );

  it('is the wait that key asked for', async () => {
    const { request } = tries(keys(3), () => undefined);
    const { heard } = await request(toTheFirst, () => answered(429, null, 30_000));
    expect(heard).toEqual({ kind: 'pass', retryAfterSeconds: 30 });
  });

  it('is the upstream’s own answer when every key has refused the model that the alias stands for', async () => {
    const missing = answered(404, 'model_not_found');
    const { request } = tries(keys(4), ({ health }) => {
      for (const id of ['openai-2', 'openai-3', 'openai-4']) health.report(id, 'gpt-x', missing);
    });
    const { asked, heard } = await request(pinned({}), () => missing);
    expect(asked).toEqual(['openai-1']);
    expect(heard).toEqual({ kind: 'pass', retryAfterSeconds: null });
  });
});

describe('why no other key was tried', () => {
  const reasons = async (n: number, ...outcomes: AttemptOutcome[]) => {
    const { request } = tries(keys(n), () => undefined);
    return (await request({}, () => outcomes.shift() ?? answered(500))).reasons;
  };
  const unsent: AttemptOutcome = { kind: 'unsent', cause: 'refused', message: '' };
  const lost: AttemptOutcome = { kind: 'lost', cause: 'reset', message: '' };

  it.each<[string, number, AttemptOutcome[], string[]]>([
    ['it may have been processed', 2, [lost], ['may_have_been_processed']],
    [
      'three were tried',
      4,
      [unsent, unsent, unsent],
      ['not_processed', 'not_processed', 'attempts_exhausted'],
    ],
    ['nobody is left', 2, [unsent, unsent], ['not_processed', 'no_candidate_left']],
    ['there is only one', 1, [answered(401)], ['no_candidate_left']],
    ['a failure is tried once more', 4, [], ['server_error_retry', 'server_error_retried_once']],
    ['the request is at fault', 2, [answered(400)], ['request_at_fault']],
  ])('is with the last attempt: %s', async (_, n, outcomes, expected) => {
    expect(await reasons(n, ...outcomes)).toEqual(expected);
  });
});
