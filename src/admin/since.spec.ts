import { describe, expect, it } from 'vitest';
import { parseSince } from './since.js';

const NOW = 1_795_410_000_000;

describe('parseSince', () => {
  it.each([
    ['1h', NOW - 3_600_000],
    ['7d', NOW - 604_800_000],
    ['90s', NOW - 90_000],
    ['15m', NOW - 900_000],
    ['1795410000000', NOW],
    ['2026-11-23', Date.UTC(2026, 10, 23)],
    ['2026-11-23T05:00:00Z', Date.UTC(2026, 10, 23, 5)],
    ['2026-11-23T05:00:00.5+01:00', Date.UTC(2026, 10, 23, 4, 0, 0, 500)],
  ])('reads %s', (text, expected) => {
    expect(parseSince(text, NOW)).toBe(expected);
  });
  it.each(['', 'yesterday', '-1', '1w', '1.5h', '2026-13-40', '2026-11-23T05:00:00', '1 h', '9'.repeat(40)])(
    'refuses "%s"',
    (text) => {
      expect(parseSince(text, NOW)).toBeNull();
    },
  );
});
