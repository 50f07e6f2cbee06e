import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { StartPace } from './start-pace.js';

describe('requests that start', () => {
  it('go on at once while they are few', () => {
    let now = 0;
    const pace = new StartPace(() => now);
    expect(pace.enter()).toBeNull();
    now += 1;
    expect(pace.enter()).toBeNull();
  });

  it('wait for the next turns when one has had its share of them, first come, first served', async () => {
    let now = 0;
    const pace = new StartPace(() => now);
    const started: number[] = [];
    const start = async (n: number): Promise<void> => {
      const wait = pace.enter();
      if (wait !== null) await wait;
      started.push(n);
      now += 1.5;
    };
    const all = [1, 2, 3, 4, 5, 6].map(start);
    expect(started).toEqual([1, 2]);
    const seen: number[] = [];
    while (started.length < 6) {
      await nextTurn();
      seen.push(started.length);
    }
    await Promise.all(all);
    expect(started).toEqual([1, 2, 3, 4, 5, 6]);
    expect(Math.max(...seen.map((n, i) => n - (seen[i - 1] ?? 2)))).toBeLessThan(4);
  });

  it('take half of the turns that are long for other reasons', async () => {
    let now = 0;
    const pace = new StartPace(() => now);
    const started: number[] = [];
    const start = async (): Promise<void> => {
      const wait = pace.enter();
      if (wait !== null) await wait;
      started.push(now);
      now += 1;
    };
    const all = Array.from({ length: 40 }, start);
    let turns = 0;
    while (started.length < 40) {
      now += 40; // the events of running streams
      await nextTurn();
      turns += 1;
    }
    await Promise.all(all);
    expect(turns).toBeLessThan(6);
  });
});
