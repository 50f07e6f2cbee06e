import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { keyWorld, told } from '../../../test/support/key-world.js';
import type { Amount } from './limit-decision.js';
import type { ToldSpent } from './used-elsewhere.js';

const LIMIT = 40_000;
/** What is set aside before any answer was seen, beside the prompt. */
const FIRST_OUTPUT = 1_000;
const LARGEST = 3_000;

/** Processes that see of each other what each last told, as of their own last beat. */
function fleetOf(count: number) {
  const beats: (ToldSpent | null)[] = Array.from({ length: count }, () => null);
  const open: { readonly at: number; readonly hold: Amount }[] = [];
  const worlds = beats.map(() => keyWorld({ dailyTokens: LIMIT }));
  for (const { fleet } of worlds) fleet.processes = count;
  let used = 0;
  const worldAt = (at: number) => worlds[at % count] as ReturnType<typeof keyWorld>;
  return {
    beat(at: number): void {
      const self = at % count;
      const { limits, key, others } = worldAt(at);
      const spent = limits.spent(true)[key.id];
      beats[self] = spent === undefined ? null : { instanceId: `process-${self}`, spent };
      others.splice(
        0,
        others.length,
        ...beats.flatMap((one, i) => (one === null || i === self ? [] : [one])),
      );
    },
    /** Answers whether it was let in. */
    ask(at: number, tokens: number): boolean {
      const hold = worldAt(at).ask(tokens - FIRST_OUTPUT);
      if (hold === null || typeof hold === 'string') return false;
      open.push({ at, hold });
      return true;
    },
    /** One of those that run, which took part of what was set aside. */
    end(which: number, part: number): void {
      const [one] = open.splice(which % Math.max(1, open.length), 1);
      if (one === undefined) return;
      const tokens = Math.floor(one.hold.tokens * part);
      used += tokens;
      // As little output as the first estimate has, so that it stays what it is.
      worldAt(one.at).end(one.hold, told(Math.max(0, tokens - 1), Math.min(1, tokens)));
    },
    taken: (): number => used + open.reduce((sum, { hold }) => sum + hold.tokens, 0),
  };
}

const process = fc.nat({ max: 59 });
const step = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('ask'), process, fc.integer({ min: 1_001, max: LARGEST })) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('beat'), process, fc.constant(0)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('end'), process, fc.integer({ min: 0, max: 100 })) },
);

describe('a budget that several processes take from', () => {
  it('is overrun by no more than one request of each, whenever they tell each other', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 5 }),
        fc.array(step, { minLength: 60, maxLength: 400, size: 'max' }),
        (count, steps) => {
          const fleet = fleetOf(count);
          for (const [what, at, value] of steps) {
            if (what === 'ask') fleet.ask(at, value);
            else if (what === 'beat') fleet.beat(at);
            else fleet.end(at, value / 100);
            expect(fleet.taken()).toBeLessThan(LIMIT + count * (LARGEST + FIRST_OUTPUT));
          }
        },
      ),
      { numRuns: 200 },
    );
  });

  it('is used up whole by whoever asks, within a few beats', () => {
    const fleet = fleetOf(2);
    for (let beat = 0; beat < 60; beat += 1) {
      fleet.beat(beat);
      while (fleet.ask(beat, LARGEST)) continue;
    }
    expect(fleet.taken()).toBeGreaterThanOrEqual(LIMIT);
    expect(fleet.ask(0, LARGEST)).toBe(false);
    expect(fleet.ask(1, LARGEST)).toBe(false);
  });

  it('lets 64 at once into each of two processes as far as a quarter of it goes, and more after the next beat', () => {
    const fleet = fleetOf(2);
    fleet.beat(0);
    fleet.beat(1);
    const let64 = (at: number) =>
      Array.from({ length: 64 }, () => fleet.ask(at, 2_000)).filter(Boolean).length;
    expect([let64(0), let64(1)]).toEqual([5, 5]);
    fleet.beat(0);
    fleet.beat(1);
    expect(let64(1)).toBe(3);
  });

  it('is given out as by one process where nobody else lets requests in', () => {
    const fleet = fleetOf(1);
    expect(Array.from({ length: 64 }, () => fleet.ask(0, 2_000)).filter(Boolean)).toHaveLength(20);
  });
});
