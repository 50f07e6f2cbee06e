import { describe, expect, it } from 'vitest';
import { MinuteWindow } from './minute-window.js';

describe('what came within a minute', () => {
  it('is forgotten after a minute, and never before', () => {
    const window = new MinuteWindow();
    window.add(3, 500);
    window.add(2, 30_000);
    expect([window.sum(500), window.sum(30_000), window.sum(60_500), window.sum(61_000)]).toEqual([
      3, 5, 5, 2,
    ]);
    expect([window.sum(90_999), window.sum(91_000), window.sum(10_000_000)]).toEqual([2, 0, 0]);
  });

  it('tells when there is room again', () => {
    const window = new MinuteWindow();
    window.add(3, 500);
    window.add(2, 30_000);
    expect(window.msUntilBelow(6, 40_000)).toBe(0);
    expect(window.msUntilBelow(5, 40_000)).toBe(21_000);
    expect(window.msUntilBelow(2, 40_000)).toBe(51_000);
    expect(window.msUntilBelow(1, 40_000)).toBe(51_000);
  });

  it('lets at most the limit pass in any minute, whenever they come', () => {
    let seed = 9;
    const random = (): number => (seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648) / 2_147_483_648;
    const window = new MinuteWindow();
    const passed: number[] = [];
    for (let now = 0, i = 0; i < 5_000; i += 1, now += random() * 400) {
      if (window.sum(now) >= 20) continue;
      window.add(1, now);
      passed.push(now);
    }
    const most = Math.max(
      ...passed.map((from) => passed.filter((at) => at >= from && at < from + 60_000).length),
    );
    expect(most).toBe(20);
  });
});
