import { describe, expect, it } from 'vitest';
import { RememberedSlices } from './remembered-slices.js';

const STEP = 28_800_000;
const LAST = 90 * STEP;
const STARTS = [LAST - STEP, LAST];

describe('remembered slices', () => {
  const counted = () => {
    const reads: number[] = [];
    const slices = new RememberedSlices<{ readonly at: number }>(STEP, 8, (from) => {
      reads.push(from);
      return Promise.resolve([{ at: from }]);
    });
    return { reads, slices };
  };

  it('are not read again every second while they are young', async () => {
    const { reads, slices } = counted();
    const now = LAST + 60_000;
    for (let second = 0; second < 5; second++) await slices.read(STARTS, now + second * 1_000);
    expect(reads).toEqual([LAST - STEP]);
    await slices.read(STARTS, now + 5_000);
    // The slice before ended a minute ago: for six seconds.
    expect(reads).toEqual([LAST - STEP, LAST]);
    await slices.read(STARTS, now + 6_000);
    expect(reads).toEqual([LAST - STEP, LAST, LAST - STEP]);
  });

  it('are read once for all who ask while they are being read, and anew after a failure', async () => {
    let fail: (error: Error) => void = () => undefined;
    let reads = 0;
    const slices = new RememberedSlices<{ readonly at: number }>(STEP, 8, () => {
      reads += 1;
      return new Promise((_, reject) => (fail = reject));
    });
    const first = slices.read(STARTS, LAST);
    const others = Array.from({ length: 100 }, (_, n) => slices.read(STARTS, LAST + n));
    expect(new Set([first, ...others]).size).toBe(1);
    await Promise.resolve();
    fail(new Error('no database'));
    await expect(first).rejects.toThrow('no database');
    expect(reads).toBe(1);
    void slices.read(STARTS, LAST).catch(() => undefined);
    await Promise.resolve();
    expect(reads).toBe(2);
    fail(new Error('the end'));
  });
});
