import { describe, expect, it } from 'vitest';
import { ProxyError } from '../../common/errors.js';
import { AskedHolds } from './asked-holds.js';

/** Asks as a connection does; answers what became of it. */
function asker(holds: AskedHolds) {
  return (lane: string, now: number): string => {
    try {
      holds.checkRoom();
      holds.add(lane, { tokens: 1, cost: now }, now);
      return 'set aside';
    } catch (e: unknown) {
      return e instanceof ProxyError ? e.code : 'broken';
    }
  };
}

describe('what is set aside for messages that are no creates', () => {
  it('is bounded for a connection however much it asks, in one lane or in many', () => {
    for (const laneOf of [() => '', (n: number) => `lane-${n}`]) {
      const given: number[] = [];
      const holds = new AskedHolds(({ tokens }) => void given.push(tokens));
      const ask = asker(holds);
      const told = Array.from({ length: 2_000 }, (_, n) => ask(laneOf(n), 0));
      expect(told.filter((what) => what === 'set aside')).toHaveLength(64);
      expect(told.at(-1)).toBe('overloaded');
      holds.refused(laneOf(0));
      expect([ask(laneOf(0), 0), ask(laneOf(0), 0)]).toEqual(['set aside', 'overloaded']);
      expect(holds.take(laneOf(0))).toEqual({ tokens: 1, cost: 0 });
      expect(holds.take('nobody')).toBeNull();
      expect([ask(laneOf(0), 0), ask(laneOf(0), 0)]).toEqual(['set aside', 'overloaded']);
      holds.expire(Infinity);
      expect(given).toHaveLength(65);
      expect(ask('', 0)).toBe('set aside');
    }
  });

  it('is given back once a minute has passed, the rest not', () => {
    const given: number[] = [];
    const holds = new AskedHolds(({ cost }) => void given.push(cost));
    const ask = asker(holds);
    for (const now of [0, 1, 30_000]) ask('a', now);
    ask('b', 2);
    holds.expire(59_999);
    expect(given).toEqual([]);
    holds.expire(60_002);
    expect(given).toEqual([0, 1, 2]);
    expect([holds.has('a'), holds.has('b')]).toEqual([true, false]);
    expect(holds.take('a')).toEqual({ tokens: 1, cost: 30_000 });
    expect(holds.has('a')).toBe(false);
  });
});
