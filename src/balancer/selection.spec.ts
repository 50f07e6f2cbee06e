import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { leastLoaded, loadOf, overloaded, settle, type Candidate } from './selection.js';

function candidate(inFlight: number, weight: number, rejected: string | null = null): Candidate {
  return {
    resourceId: `openai-${inFlight}-${weight}`,
    poolId: null,
    organization: null,
    weight,
    inFlight,
    load: loadOf(inFlight, weight),
    health: 'healthy',
    remainingRequests: null,
    remainingTokens: null,
    cachedTokens: null,
    chosen: false,
    rejected,
  };
}

/** Mulberry32: the same numbers every run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

const candidates = fc.array(
  fc
    .tuple(
      fc.nat({ max: 20 }),
      fc.integer({ min: 1, max: 9 }),
      fc.constantFrom(null, null, 'unhealthy', 'other_pool', 'already_tried'),
    )
    .map(([inFlight, weight, rejected]) => candidate(inFlight, weight, rejected)),
  { maxLength: 12 },
);

describe('leastLoaded', () => {
  it('takes a least loaded one of those that may be chosen, and none only when there is none', () => {
    fc.assert(
      fc.property(candidates, fc.integer(), (all, seed) => {
        const allowed = all.filter((one) => one.rejected === null);
        const chosen = all[leastLoaded(all, seeded(seed))];
        expect(chosen === undefined).toBe(allowed.length === 0);
        if (chosen === undefined) return;
        expect(chosen.rejected).toBeNull();
        expect(chosen.load).toBe(Math.min(...allowed.map((one) => one.load)));
      }),
    );
  });

  it('breaks ties evenly, wherever the equals stand', () => {
    const all = [
      candidate(5, 1),
      candidate(0, 1),
      candidate(0, 1, 'unhealthy'),
      candidate(0, 1),
      candidate(1, 2),
    ];
    const random = seeded(7);
    const wins = [0, 0, 0, 0, 0];
    for (let n = 0; n < 30_000; n++) wins[leastLoaded(all, random)]!++;
    expect([wins[0], wins[2]]).toEqual([0, 0]);
    for (const i of [1, 3, 4]) expect(Math.abs(wins[i]! - 10_000)).toBeLessThan(400);
  });

  it('spreads what stays open by weight', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 6 }), (weights) => {
        const all = weights.map((weight) => candidate(0, weight));
        const random = seeded(1);
        const rounds = 40;
        const total = weights.reduce((sum, weight) => sum + weight, 0) * rounds;
        for (let n = 0; n < total; n++) {
          const winner = all[leastLoaded(all, random)]!;
          winner.inFlight++;
          winner.load = loadOf(winner.inFlight, winner.weight);
        }
        all.forEach((one) =>
          expect(Math.abs(one.inFlight - one.weight * rounds)).toBeLessThanOrEqual(one.weight),
        );
      }),
      { numRuns: 30 },
    );
  });
});

describe('overloaded', () => {
  it.each([
    [0, 0, false],
    [17, 0, false],
    [18, 0, true],
    [35, 9, false],
    [36, 9, true],
  ])('the owner with %i open against %i elsewhere: %s', (own, other, expected) => {
    expect(overloaded(candidate(own, 1), candidate(other, 1), null)).toBe(expected);
  });

  it('is never so for the best itself', () => {
    const one = candidate(100, 1);
    expect(overloaded(one, one, null)).toBe(false);
  });

  it.each([
    [0, 18],
    [999, 18],
    [1_000, 19],
    [48_000, 66],
    [64_000, 82],
    [9_000_000, 82],
  ])('%i tokens cached with the owner: one with %i open loses the next to an idle one', (cached, most) => {
    expect(overloaded(candidate(most, 1), candidate(0, 1), cached)).toBe(true);
    expect(overloaded(candidate(most - 1, 1), candidate(0, 1), cached)).toBe(false);
  });
});

describe('settle', () => {
  it('gives every loser a reason and the winner none', () => {
    const all = [candidate(1, 1), candidate(0, 1), candidate(0, 1), candidate(0, 1, 'cooling')];
    settle(all, 1, false);
    expect(all.map((one) => one.rejected)).toEqual(['higher_load', null, 'tie_lost', 'cooling']);
    expect(all.map((one) => one.chosen)).toEqual([false, true, false, false]);
  });

  it('says so when affinity decided', () => {
    const all = [candidate(3, 1), candidate(0, 1)];
    settle(all, 0, true);
    expect(all.map((one) => one.rejected)).toEqual([null, 'lost_to_affinity']);
  });
});
