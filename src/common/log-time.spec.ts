import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { isoTime } from './log-time.js';

describe('isoTime', () => {
  it('knows the second before 1970, too, when it is asked for first', () => {
    expect(isoTime(-43)).toBe('1969-12-31T23:59:59.957Z');
  });

  it('says what Date says', () => {
    const from = Date.parse('0000-01-01T00:00:00Z');
    const to = Date.parse('9999-12-31T23:59:59.999Z');
    fc.assert(
      fc.property(fc.integer({ min: from, max: to - 1 }), (ms) => {
        expect(isoTime(ms)).toBe(new Date(ms).toISOString());
        expect(isoTime(ms + 1)).toBe(new Date(ms + 1).toISOString());
      }),
    );
  });
});
