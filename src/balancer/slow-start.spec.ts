import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answered, NO_HINTS, routingWorld, SERVED } from '../../test/support/routing-world.js';
import { SLOW_START_MS, warmthAt } from '../health/slow-start.js';

const FOUR = ['a', 'b', 'c', 'd'].map((key) => ({ key }));
type World = ReturnType<typeof routingWorld>;

/** Out for its errors, and back: the one trial after the pause was served. */
function recover(world: World, id: string): void {
  world.fail(id, answered(500), 5);
  world.clock.advance(30_000);
  const others = world.registry.snapshot.resources.map((one) => one.id).filter((other) => other !== id);
  world.acquire({}, others).release(SERVED);
}

const weightOf = (world: World, id: string): number | undefined =>
  world.balancer.explain(NO_HINTS).candidates.find((candidate) => candidate.resourceId === id)?.weight;

/** One arrival every `everyMs` for ten seconds, each open for `openMs`: how many of them each resource got. */
function drive(world: World, everyMs: number, openMs: number): Map<string, number> {
  const counts = new Map<string, number>();
  const open: { readonly until: number; readonly close: () => void }[] = [];
  for (let at = 0; at < SLOW_START_MS; at += everyMs) {
    while (open[0] !== undefined && open[0].until <= at) open.shift()?.close();
    const lease = world.acquire();
    counts.set(lease.resource.id, (counts.get(lease.resource.id) ?? 0) + 1);
    open.push({ until: at + openMs, close: () => void lease.release(SERVED) });
    world.clock.advance(everyMs);
  }
  for (const { close } of open) close();
  return counts;
}

describe('warmth', () => {
  it('grows from a tenth to the whole in ten seconds and stays there', () => {
    fc.assert(
      fc.property(fc.nat({ max: 60_000 }), fc.nat({ max: 60_000 }), (a, b) => {
        const [early, late] = [Math.min(a, b), Math.max(a, b)];
        expect(warmthAt(0, early)).toBeLessThanOrEqual(warmthAt(0, late));
        expect(warmthAt(0, early)).toBeGreaterThanOrEqual(0.1);
        expect(warmthAt(0, early)).toBeLessThanOrEqual(Math.max(0.1, early / SLOW_START_MS));
        if (late >= SLOW_START_MS) expect(warmthAt(0, late)).toBe(1);
      }),
    );
    expect(warmthAt(null, 5)).toBe(1);
  });
});

describe('a resource that comes back', () => {
  it.each([
    ['short answers', 10, 200],
    ['answers of seconds', 20, 3_000],
    ['few requests', 250, 1_000],
    ['hardly ever two at a time', 20, 15],
    ['never two at a time', 20, 0],
  ])('gets some, and at most its fair share, in its first ten seconds: %s', (_, everyMs, openMs) => {
    const world = routingWorld(FOUR);
    drive(world, everyMs, openMs);
    recover(world, 'openai-1');
    const counts = drive(world, everyMs, openMs);
    const total = [...counts.values()].reduce((sum, n) => sum + n, 0);
    const fair = total / FOUR.length;
    expect(counts.get('openai-1') ?? 0).toBeLessThan(fair);
    expect(counts.get('openai-1') ?? 0).toBeGreaterThan(fair / 10);
    const after = drive(world, everyMs, openMs).get('openai-1') ?? 0;
    expect(after).toBeGreaterThan(fair / 2);
    expect(after).toBeLessThan(fair * 2);
  });

  it('shows the weight it has in the decision', () => {
    const world = routingWorld([{ key: 'a', weight: 4 }, { key: 'b' }]);
    expect(weightOf(world, 'openai-1')).toBe(4);
    recover(world, 'openai-1');
    expect(weightOf(world, 'openai-1')).toBeCloseTo(0.4);
    world.clock.advance(5_000);
    expect(weightOf(world, 'openai-1')).toBeCloseTo(2);
    expect(weightOf(world, 'openai-2')).toBe(1);
    world.clock.advance(5_000);
    expect(weightOf(world, 'openai-1')).toBe(4);
  });

  it('from a rate limit is as warm as before', () => {
    const world = routingWorld(FOUR);
    world.fail('openai-1', answered(429, 'rate_limit_exceeded', 2_000));
    world.clock.advance(2_000);
    world.fail('openai-1', SERVED);
    expect(weightOf(world, 'openai-1')).toBe(1);
  });

  it('serves alone when nobody else can', () => {
    const world = routingWorld([{ key: 'a' }]);
    recover(world, 'openai-1');
    for (let n = 0; n < 20; n += 1) expect(world.acquire().resource.id).toBe('openai-1');
  });
});
