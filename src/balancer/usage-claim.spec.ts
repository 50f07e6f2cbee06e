import { describe, expect, it } from 'vitest';
import { learnt, NO_HINTS, routingWorld, SERVED } from '../../test/support/routing-world.js';
import type { RoutingHints } from './routing-hints.js';
import { askedFor, countsUsage } from './usage-claim.js';

const KEYS = [{ key: 'a' }, { key: 'b' }];
const get: Partial<RoutingHints> = { routeKind: 'response', pathResponseId: 'resp_1' };

/** Whether usage in an answer to a request counts. */
function counts(
  world: ReturnType<typeof routingWorld>,
  hints: Partial<RoutingHints>,
  usage = true,
  responseId = 'resp_1',
): boolean {
  const bindings = world.acquire(hints).release(SERVED, learnt({ responseId, usage }));
  return countsUsage({ ...NO_HINTS, ...hints }, bindings);
}

describe('usage is counted once per response', () => {
  it('by the request that runs the model, and by no retrieval after it', () => {
    const world = routingWorld(KEYS);
    expect(counts(world, {})).toBe(true);
    expect([counts(world, get), counts(world, get)]).toEqual([false, false]);
    expect(counts(world, { routeKind: 'compact' })).toBe(true);
  });

  it('by the first retrieval that tells it, of a background response', () => {
    const world = routingWorld(KEYS);
    counts(world, { background: true }, false);
    expect(counts(world, get, false)).toBe(false);
    world.acquire(get).release(SERVED, learnt({ usage: false }));
    expect(counts(world, get)).toBe(true);
    expect([counts(world, get), counts(world, get)]).toEqual([false, false]);
  });

  it('by the create alone when a background stream told it to the end', () => {
    const world = routingWorld(KEYS);
    expect(counts(world, { background: true, stream: true })).toBe(true);
    expect(counts(world, get)).toBe(false);
  });

  it('not by a retrieval of a response nobody here made, nor by another caller', () => {
    const world = routingWorld(KEYS);
    expect(counts(world, get)).toBe(false);
    counts(world, { background: true }, false);
    expect(counts(world, { ...get, callerId: 'other' })).toBe(false);
    expect(counts(world, get)).toBe(true);
  });

  it('as what was asked for when it was made, also where it is read after a restart', () => {
    const alias = { alias: 'ours', upstreamId: 'gpt-x', poolId: null, resourceId: null };
    for (const [asked, hints] of [
      ['gpt-5', { model: 'gpt-5' }],
      ['ours', { model: 'first', alias }],
      [null, {}],
    ] as const) {
      const made = routingWorld(KEYS)
        .acquire({ ...hints, background: true })
        .release(SERVED, learnt({ responseId: 'resp_1' }));
      const second = routingWorld(KEYS);
      second.balancer.restore(made);
      const read = second.acquire(get).release(SERVED, learnt({ responseId: 'resp_1', usage: true }));
      expect(askedFor({ ...NO_HINTS, ...get }, read)).toBe(asked);
      expect(askedFor({ ...NO_HINTS, ...get }, second.acquire(get).release(SERVED))).toBe(null);
    }
  });

  it('once also across a restart: before and after the retrieval', () => {
    const world = routingWorld(KEYS);
    const made = world.acquire({ background: true }).release(SERVED, learnt({ responseId: 'resp_1' }));
    const second = routingWorld(KEYS);
    second.balancer.restore(made);
    const read = second.acquire(get).release(SERVED, learnt({ responseId: 'resp_1', usage: true }));
    expect(countsUsage({ ...NO_HINTS, ...get }, read)).toBe(true);
    // As the database merges them: the newest binding of an id wins.
    const third = routingWorld(KEYS);
    third.balancer.restore(read);
    expect(counts(third, get)).toBe(false);
  });
});
