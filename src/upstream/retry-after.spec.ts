import { describe, expect, it } from 'vitest';
import { bestOf } from '../../test/support/best-of.js';
import { parseDuration, readRateLimit } from './rate-limit-headers.js';
import { DEFAULT_RETRY_AFTER_MS, MAX_RETRY_AFTER_MS, parseRetryAfter } from './retry-after.js';

const NOW = Date.parse('2026-11-23T05:00:00Z');

describe('parseRetryAfter', () => {
  it('reads a date by the clock of the answer, however wrong ours is', () => {
    const retryAfter = 'Mon, 23 Nov 2026 05:00:30 GMT';
    const date = 'Mon, 23 Nov 2026 05:00:00 GMT';
    for (const hours of [-720, -1, 0, 1, 720]) {
      const now = NOW + hours * 3_600_000;
      expect(parseRetryAfter({ retryAfter, retryAfterMs: null, date }, now)).toBe(30_000);
    }
    expect(parseRetryAfter({ retryAfter, retryAfterMs: null, date: 'nonsense' }, NOW)).toBe(30_000);
  });

  it.each([
    [null, null, null],
    ['0', null, 0],
    ['1', null, 1_000],
    [' 7 ', null, 7_000],
    ['1.5', null, 1_500],
    ['600', null, MAX_RETRY_AFTER_MS],
    ['3600', null, MAX_RETRY_AFTER_MS],
    ['-1', null, DEFAULT_RETRY_AFTER_MS],
    ['NaN', null, DEFAULT_RETRY_AFTER_MS],
    ['', null, DEFAULT_RETRY_AFTER_MS],
    ['soon', null, DEFAULT_RETRY_AFTER_MS],
    ['Infinity', null, DEFAULT_RETRY_AFTER_MS],
    ['1e9', null, DEFAULT_RETRY_AFTER_MS],
    ['0x10', null, DEFAULT_RETRY_AFTER_MS],
    ['999999999', null, DEFAULT_RETRY_AFTER_MS],
    ['9'.repeat(400), null, DEFAULT_RETRY_AFTER_MS],
    ['5, 7', null, DEFAULT_RETRY_AFTER_MS],
    ['Mon, 23 Nov 2026 05:00:30 GMT', null, 30_000],
    ['Monday, 23-Nov-26 05:00:30 GMT', null, 30_000],
    ['Mon Nov 23 05:00:30 2026', null, 30_000],
    ['Mon, 23 Nov 2026 04:59:30 GMT', null, 0],
    ['Mon, 23 Nov 2026 06:00:00 GMT', null, MAX_RETRY_AFTER_MS],
    ['Thu, 01 Jan 1970 00:00:00 GMT', null, DEFAULT_RETRY_AFTER_MS],
    ['Wed, 01 Jan 2200 00:00:00 GMT', null, DEFAULT_RETRY_AFTER_MS],
    ['Mon, 99 Foo 2026 05:00:30 GMT', null, DEFAULT_RETRY_AFTER_MS],
    ['2026-11-23T05:00:30Z', null, DEFAULT_RETRY_AFTER_MS],
    [null, '250', 250],
    [null, '0', 0],
    [null, '12.3', 13],
    [null, '-5', DEFAULT_RETRY_AFTER_MS],
    [null, 'x', DEFAULT_RETRY_AFTER_MS],
    ['30', '250', 30_000],
    ['1', '2500', 2_500],
    ['30', 'x', 30_000],
    [null, '99999999', MAX_RETRY_AFTER_MS],
  ])('%j / %j → %j', (retryAfter, retryAfterMs, expected) => {
    const ms = parseRetryAfter({ retryAfter, retryAfterMs }, NOW);
    // 99,999,999 ms is a little more than a day.
    expect(ms).toBe(retryAfterMs === '99999999' ? DEFAULT_RETRY_AFTER_MS : expected);
  });
});

describe('readRateLimit', () => {
  it.each([
    ['12ms', 12],
    ['1s', 1_000],
    ['6m0s', 360_000],
    ['1h2m3.5s', 3_723_500],
    ['1m', 60_000],
    ['1m30s500ms', 90_500],
    ['2d', 172_800_000],
    ['7.66s', 7_660],
    ['0s', 0],
    ['20', 20_000],
    ['', null],
    ['s', null],
    ['1x', null],
    ['-1s', null],
    ['1s1m', null],
    [undefined, null],
  ])('%j lasts %j ms', (text, ms) => {
    expect(parseDuration(text)).toBe(ms);
  });

  it('reads what is there and null for the rest', () => {
    const headers = new Map([
      ['x-ratelimit-limit-requests', '10000'],
      ['x-ratelimit-remaining-requests', '0'],
      ['x-ratelimit-reset-tokens', '6m0s'],
      ['x-ratelimit-remaining-tokens', 'many'],
    ]);
    expect(readRateLimit(headers)).toEqual({
      limitRequests: 10_000,
      remainingRequests: 0,
      resetRequestsMs: null,
      limitTokens: null,
      remainingTokens: null,
      resetTokensMs: 360_000,
    });
    expect(readRateLimit(new Map())).toBeNull();
    expect(readRateLimit(new Map([['x-ratelimit-limit-tokens', '-1']]))).toBeNull();
  });

  it('is linear in hostile text', () => {
    const texts = ['1'.repeat(100_000), '1m'.repeat(50_000), ' '.repeat(100_000)];
    expect(bestOf(5, () => texts.forEach((text) => parseDuration(text)))).toBeLessThan(50);
  });
});
