import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answered, NO_HINTS, routingWorld, SERVED } from '../../test/support/routing-world.js';
import type { Lease } from '../balancer/lease.js';
import type { RoutingHints } from '../balancer/routing-hints.js';
import { RoutingRefusal } from '../balancer/routing-refusal.js';
import type { Exchange } from './exchange.js';
import { ClientGone } from './request-body.js';
import { WaitingRoom } from './waiting-room.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const exchangeOf = (): Exchange =>
  ({ waitedMs: 0, decisions: [], onClientGone: null, onShutdown: null }) as unknown as Exchange;

function room(keys: number, limits = { budgetMs: 2_000, maxWaiting: 256 }, cap: number | null = null) {
  const world = routingWorld(Array.from({ length: keys }, (_, i) => ({ key: `k${i}` })));
  const { snapshot } = world.registry;
  const resources = snapshot.resources.map((resource) => ({ ...resource, maxConcurrency: cap }));
  vi.spyOn(world.registry, 'snapshot', 'get').mockReturnValue({ ...snapshot, resources });
  const waiting = new WaitingRoom(world.balancer, limits, world.clock);
  const ask = (hints: Partial<RoutingHints> = {}, exchange = exchangeOf()) => {
    const got = { exchange, lease: null as Lease | null, error: null as unknown };
    const request = { hints: { ...NO_HINTS, ...hints }, tried: [], attempt: 1 };
    // An async function: what it does before its first wait, it does at once.
    const asked = async (): Promise<Lease> => waiting.acquire(exchange, request);
    void asked().then(
      (lease) => (got.lease = lease),
      (error: unknown) => (got.error = error),
    );
    return got;
  };
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 5) {
      world.clock.advance(Math.min(5, left));
      await vi.advanceTimersByTimeAsync(Math.min(5, left));
    }
  };
  const limit = (id: string, ms: number): void => world.fail(id, answered(429, 'rate_limit_exceeded', ms));
  return { world, waiting, ask, pass, limit };
}

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
    stopped.exchange.onShutdown?.();
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
});
