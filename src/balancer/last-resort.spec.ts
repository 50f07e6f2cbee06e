import { describe, expect, it } from 'vitest';
import { answered, routingWorld, SERVED } from '../../test/support/routing-world.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';

const FAILED = answered(500);
const UNSENT: AttemptOutcome = { kind: 'unsent', cause: 'refused', message: 'ECONNREFUSED' };
const LOST: AttemptOutcome = { kind: 'lost', cause: 'reset', message: 'ECONNRESET' };
const keys = (n: number) => Array.from({ length: n }, (_, i) => ({ key: `k${i}` }));
const ids = (n: number): string[] => keys(n).map((_, i) => `openai-${i + 1}`);

/** Each of `n` keys is out because of five such outcomes, the first one first. */
function out(n: number, outcomes: readonly AttemptOutcome[] = [FAILED, FAILED, FAILED, FAILED, FAILED]) {
  const world = routingWorld(keys(n));
  for (const id of ids(n)) {
    for (const outcome of outcomes) world.fail(id, outcome);
    world.clock.advance(1_000);
  }
  return world;
}

describe('every key is down', () => {
  it.each([
    ['complete 5xx answers', [FAILED, answered(502), answered(503), answered(504), FAILED]],
    ['no connection', [UNSENT, UNSENT, UNSENT]],
  ])('(%s): each gets one request a second, and all others hear 503 with a time at once', (_, outcomes) => {
    const world = out(3, outcomes);
    const asked = (): string[] => Array.from({ length: 3 }, () => world.acquire().resource.id);
    expect(asked()).toEqual(ids(3));
    const refusal = world.refused();
    expect(refusal).toMatchObject({ code: 'no_available_resources', status: 503, freeAt: null });
    expect(refusal.toHeaders()).toEqual({ 'retry-after': '27', 'x-should-retry': 'true' });
    world.clock.advance(999);
    world.refused();
    world.clock.advance(1);
    expect(asked()).toEqual(ids(3));
    world.refused();
  });

  it('is over with the first request that is served, whenever that is', () => {
    const world = out(2);
    const lease = world.acquire();
    world.clock.advance(10);
    lease.release(SERVED);
    expect(world.health.of(lease.resource.id)).toMatchObject({ status: 'healthy', reason: 'served' });
    for (let n = 0; n < 9; n++) expect(world.acquire().resource.id).toBe(lease.resource.id);
  });

  it('is not over with a request that left before it was', () => {
    const world = routingWorld(keys(1));
    const before = world.acquire();
    world.clock.advance(10);
    world.fail('openai-1', FAILED, 5);
    world.clock.advance(10);
    before.release(SERVED);
    expect(world.health.of('openai-1').reason).toBe('server_errors');
    world.acquire();
    world.refused();
  });

  it('leaves a key that has merely asked for a pause to be waited for', () => {
    const world = out(1);
    const paused = routingWorld(keys(2));
    paused.fail('openai-1', FAILED, 5);
    paused.fail('openai-2', answered(429, null, 5_000));
    for (const one of [world, paused]) one.acquire();
    expect(world.refused().freeAt).toBeNull();
    expect(paused.refused().freeAt).not.toBeNull();
  });

  it('goes on after their pauses are over: one trial each, then one a second again', () => {
    const world = out(2);
    world.clock.advance(31_000);
    expect(new Set([world.acquire(), world.acquire()].map(({ resource }) => resource.id)).size).toBe(2);
    world.refused();
    world.clock.advance(1_000);
    expect([world.acquire(), world.acquire()].map(({ decision }) => decision.reason)).toEqual([
      'last_resort',
      'last_resort',
    ]);
    world.refused();
  });
});

describe('what is in doubt shuts nobody out', () => {
  it.each([
    ['requests lost after they were sent', [LOST, LOST, LOST, LOST, LOST]],
    ['one such loss among the last five', [FAILED, FAILED, FAILED, LOST, FAILED]],
  ])('%s', (_, outcomes) => {
    const world = out(2, outcomes);
    for (let n = 0; n < 9; n++) expect(world.acquire().decision.reason).toBe('last_resort');
  });
});
