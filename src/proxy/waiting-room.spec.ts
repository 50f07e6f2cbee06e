import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SERVED } from '../../test/support/routing-world.js';
import { exchangeOf, waitingRoom as room } from '../../test/support/waiting-room.js';
import { RoutingRefusal } from '../balancer/routing-refusal.js';
import { ClientGone } from './request-body.js';
import { stopping } from './stop-reason.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('the waiting room', () => {
  it('holds a request until a pause is over, and says how long', async () => {
    const { waiting, ask, pass, limit, world } = room(1);
    limit('openai-1', 1_000);
    const before = world.live.recentDecisions(10).length;
    const timers = vi.getTimerCount();
    const got = ask();
    await pass(990);
    expect([got.lease, got.error, waiting.waiting]).toEqual([null, null, 1]);
    await pass(20);
    expect(got.lease?.decision.waitedMs).toBeGreaterThanOrEqual(1_000);
    expect(got.lease?.decision.waitedMs).toBeLessThanOrEqual(1_010);
    expect(got.exchange.waitedMs).toBe(got.lease?.decision.waitedMs);
    expect(world.live.recentDecisions(10).length).toBe(before + 1);
    expect([waiting.waiting, vi.getTimerCount()]).toEqual([0, timers]);
  });

  it.each([
    ['nobody is due in time', { budgetMs: 2_000, maxWaiting: 256 }, 2_001],
    ['it is off', { budgetMs: 0, maxWaiting: 256 }, 1_000],
    ['it is full', { budgetMs: 2_000, maxWaiting: 0 }, 1_000],
  ])('refuses at once when %s', async (_, limits, pauseMs) => {
    const { waiting, ask, limit, world, pass } = room(1, limits);
    limit('openai-1', pauseMs);
    const got = ask();
    await pass(1);
    expect(got.error).toBeInstanceOf(RoutingRefusal);
    expect([waiting.waiting, world.live.recentDecisions(1)[0]?.waitedMs]).toEqual([0, 0]);
  });

  it('refuses as before when the budget is over', async () => {
    const { ask, pass, limit } = room(1);
    limit('openai-1', 1_500);
    const got = ask();
    await pass(1_000);
    limit('openai-1', 1_500);
    await pass(20);
    if (!(got.error instanceof RoutingRefusal)) throw new Error('expected a refusal');
    expect(got.error.code).toBe('upstream_rate_limited');
    expect(got.error.decision.waitedMs).toBeGreaterThanOrEqual(1_000);
    expect(got.exchange.waitedMs).toBeLessThanOrEqual(1_020);
  });

  it('is no room for one caller alone: in a full one who has most makes place', async () => {
    const { waiting, ask, pass } = room(1, { budgetMs: 2_000, maxWaiting: 4 }, 1);
    const first = ask();
    await pass(1);
    const many = [1, 2, 3, 4, 5].map((n) => ask({ callerId: 'many', sessionId: `s${n}` }));
    await pass(1);
    expect(many.map(({ error }) => error !== null)).toEqual([false, false, false, false, true]);
    const few = [1, 2, 3].map(() => ask({ callerId: 'few' }));
    await pass(1);
    expect(waiting.waiting).toBe(4);
    expect(few.map(({ error }) => error !== null)).toEqual([false, false, true]);
    const left = many.filter(({ error }) => (error as { code?: string } | null)?.code === 'overloaded');
    expect(left).toHaveLength(2);
    expect(left.every(({ exchange }) => exchange.decisions.length === 1)).toBe(true);
    first.lease?.release(SERVED);
    await pass(15);
    expect([...many, ...few].filter(({ lease }) => lease !== null)).toHaveLength(1);
  });

  it('lets a freed place go to who waits, in turns, and to nobody who comes later', async () => {
    const { waiting, ask, pass } = room(1, { budgetMs: 2_000, maxWaiting: 256 }, 1);
    const first = ask();
    await pass(1);
    const busy = [1, 2].map(() => ask({ callerId: 'busy', sessionId: 's' }));
    const other = ask({ callerId: 'other' });
    await pass(50);
    expect(waiting.waiting).toBe(3);
    first.lease?.release(SERVED);
    const late = ask({ callerId: 'late' });
    await pass(15);
    expect([busy[0], other, busy[1], late].map((one) => one?.lease !== null)).toEqual([
      true,
      false,
      false,
      false,
    ]);
    busy[0]?.lease?.release(SERVED);
    await pass(15);
    expect(other.lease).not.toBeNull();
    other.lease?.release(SERVED);
    await pass(15);
    expect([busy[1]?.lease !== null, late.lease !== null]).toEqual([true, false]);
    await pass(2_000);
    expect(late.error).toBeInstanceOf(RoutingRefusal);
    expect(waiting.waiting).toBe(0);
  });

  it('ends with the client and with the process', async () => {
    const { waiting, ask, pass, limit, world } = room(1);
    limit('openai-1', 1_000);
    const timers = vi.getTimerCount();
    const left = ask();
    const stopped = ask();
    await pass(100);
    left.exchange.onClientGone?.();
    stopped.exchange.onStop?.(stopping());
    await pass(1);
    expect(left.error).toBeInstanceOf(ClientGone);
    expect(left.exchange.decisions).toHaveLength(1);
    expect(stopped.error).toMatchObject({ code: 'server_shutdown' });
    expect([waiting.waiting, vi.getTimerCount()]).toEqual([0, timers]);
    await pass(2_000);
    expect(world.live.localInFlight).toBe(0);
  });

  it('spends one budget on all attempts of a request', async () => {
    const { ask, pass, limit } = room(1);
    const exchange = exchangeOf();
    exchange.waitedMs = 1_500;
    limit('openai-1', 1_000);
    const got = ask({}, exchange);
    await pass(1);
    expect(got.error).toBeInstanceOf(RoutingRefusal);
  });

  it('waits for the owner of what a request continues', async () => {
    const { ask, pass, limit, world } = room(2);
    const owner = world.serve({}, { responseId: 'resp_1' });
    limit(owner, 1_500);
    const got = ask({ previousResponseId: 'resp_1' });
    await pass(1_520);
    expect(got.lease?.resource.id).toBe(owner);
  });

  it('costs an arrival the same however many wait, and nobody overtakes them', async () => {
    const { waiting, world, ask, pass } = room(2, { budgetMs: 2_000, maxWaiting: 64 }, 1);
    const held = [ask(), ask()];
    const waiters = Array.from({ length: 40 }, (_, i) => ask({ sessionId: `s${i}` }));
    await pass(15);
    const looks = vi.spyOn(world.balancer, 'outlook');
    const asked = vi.spyOn(world.balancer, 'acquire');
    held[0]?.lease?.release(SERVED);
    const late = Array.from({ length: 20 }, (_, i) => ask({ sessionId: `late${i}` }));
    expect(looks.mock.calls.length).toBeLessThanOrEqual(20 * 8);
    expect(asked).toHaveBeenCalledTimes(1);
    await pass(0.1);
    expect([waiters[0]?.lease !== null, late.some((one) => one.lease !== null)]).toEqual([true, false]);
    await pass(15);
    expect(waiting.waiting).toBe(59);
    held[1]?.lease?.release(SERVED);
    await pass(15);
    expect(waiters[1]?.lease).not.toBeNull();
  });

  it('turns away at once whoever finds it full of others before it', async () => {
    const { world, ask, pass } = room(1, { budgetMs: 2_000, maxWaiting: 20 }, 1);
    const held = ask();
    for (let i = 0; i < 20; i += 1) ask({ sessionId: `s${i}` });
    await pass(1);
    world.live.touch();
    const late = ask({ sessionId: 'late' });
    await pass(1);
    expect(late.error).toMatchObject({ code: 'overloaded', options: { retryAfterSeconds: 1 } });
    held.lease?.release(SERVED);
  });

  it('does not hold up those who could go elsewhere while many wait for a pause to end', async () => {
    const { world, ask, pass, limit } = room(2);
    const owner = world.serve({}, { responseId: 'resp_1' });
    limit(owner, 1_500);
    for (let i = 0; i < 30; i += 1) ask({ previousResponseId: 'resp_1' });
    await pass(1);
    world.live.touch();
    const free = ask();
    await pass(0.1);
    expect(free.lease?.resource.id).not.toBe(owner);
  });

  it('waits two seconds at most for an owner whose siblings could serve, then goes to one of them', async () => {
    const soon = shared(30_000);
    soon.limit(soon.owner, 1_200);
    const back = soon.ask({ previousResponseId: 'resp_1' });
    await soon.pass(1_300);
    expect(back.lease?.resource.id).toBe(soon.owner);

    const late = shared(30_000);
    late.limit(late.owner, 5_000);
    const moved = late.ask({ previousResponseId: 'resp_1' });
    await late.pass(1);
    expect(moved.lease?.decision.reason).toBe('organization_sibling');

    const again = shared(30_000);
    again.limit(again.owner, 1_500);
    const prolonged = again.ask({ previousResponseId: 'resp_1' });
    await again.pass(1_000);
    again.limit(again.owner, 9_000);
    await again.pass(20);
    expect(prolonged.lease?.decision.reason).toBe('organization_sibling');
  });
});

/** Two keys of one organisation that share stored answers, one of which is on the first. */
function shared(budgetMs: number) {
  const keys = ['a', 'b'].map((key) => ({ key, organization: 'org' }));
  const parts = room(keys.length, { budgetMs, maxWaiting: 8 }, null, { keys, sharedInOrganization: true });
  return { ...parts, owner: parts.world.serve({}, { responseId: 'resp_1' }) };
}
