import { describe, expect, it } from 'vitest';
import { duration, span } from './duration.js';

describe('durations for people', () => {
  it('are told in the unit that the rounded value belongs to', () => {
    expect([0, 999.4, 999.6, 1_500, 9_949, 9_950, 12_345].map(duration)).toEqual([
      '0 ms',
      '999 ms',
      '1.0 s',
      '1.5 s',
      '9.9 s',
      '10 s',
      '12 s',
    ]);
    expect([-5, 59_499, 59_500, 3_569_000, 3_570_000, 84_600_000, 180_000_000].map(span)).toEqual([
      '0 s',
      '59 s',
      '1 min',
      '59 min',
      '1 h',
      '1 d',
      '2 d',
    ]);
  });
});
