import { describe, expect, it } from 'vitest';
import { BadTokenLimiter } from './bad-token-limiter.js';

describe('BadTokenLimiter', () => {
  it('lets 20 wrong tokens a minute through and says how long to wait after that', () => {
    const limiter = new BadTokenLimiter();
    const waits = Array.from({ length: 22 }, () => limiter.count('10.0.0.1', 1000));
    expect(waits.slice(0, 20).every((wait) => wait === null)).toBe(true);
    expect(waits[20]).toBe(60);
    expect(limiter.count('10.0.0.2', 1000)).toBeNull();
    expect(limiter.count('10.0.0.1', 31_000)).toBe(30);
    expect(limiter.count('10.0.0.1', 61_000)).toBeNull();
  });

  it('takes an IPv6 network for one address', () => {
    const limiter = new BadTokenLimiter();
    for (let i = 0; i < 20; i += 1) limiter.count(`2001:db8:0:1::${i}`, 0);
    expect(limiter.count('2001:db8:0:1:ffff::1', 0)).not.toBeNull();
    expect(limiter.count('2001:db8:0:2::1', 0)).toBeNull();
  });

  it('stays small however many addresses guess', () => {
    const limiter = new BadTokenLimiter();
    for (let i = 0; i < 5000; i += 1) limiter.count(`10.0.${i >> 8}.${i & 255}`, 0);
    expect(limiter.size).toBeLessThanOrEqual(1000);
  });
});
