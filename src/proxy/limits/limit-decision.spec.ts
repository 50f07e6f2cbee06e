import { describe, expect, it } from 'vitest';
import { type KeyTerms, type KeyUse, limitExceeded } from './limit-decision.js';
import { limitRefusal } from './limit-refusal.js';

const NO_LIMITS: KeyTerms = {
  requestsPerMinute: null,
  tokensPerMinute: null,
  dailyTokens: null,
  monthlyTokens: null,
  dailyCost: null,
  monthlyCost: null,
};
const NOTHING = { tokens: 0, cost: 0 };
const use = (over: Partial<KeyUse> = {}): KeyUse => ({
  minute: { requests: 0, tokens: 0 },
  held: NOTHING,
  heldElsewhere: NOTHING,
  sharing: null,
  day: NOTHING,
  month: NOTHING,
  ...over,
});
const minute = (requests: number, tokens = 0): Partial<KeyUse> => ({ minute: { requests, tokens } });
const NOW = Date.UTC(2026, 10, 30, 22, 15);

describe('limits of a client key', () => {
  it('let everything pass where there are none', () => {
    const much = { tokens: 1e15, cost: 1e15 };
    expect(
      limitExceeded(NO_LIMITS, use({ ...minute(1e9, 1e9), held: much, day: much, month: much }), true),
    ).toBe(null);
  });

  it.each([
    ['requests a minute', { requestsPerMinute: 5 }, minute(4), minute(5), 'rate'],
    ['tokens a minute', { tokensPerMinute: 500 }, minute(9, 499), minute(9, 500), 'rate'],
    [
      'tokens a day',
      { dailyTokens: 10 },
      { day: { tokens: 9, cost: 0 } },
      { day: { tokens: 10, cost: 0 } },
      'budget',
    ],
    [
      'money a day',
      { dailyCost: 10 },
      { day: { tokens: 99, cost: 9 } },
      { day: { tokens: 0, cost: 10 } },
      'budget',
    ],
    [
      'tokens a month',
      { monthlyTokens: 10 },
      { month: { tokens: 9, cost: 0 } },
      { month: { tokens: 11, cost: 0 } },
      'budget',
    ],
    [
      'money a month',
      { monthlyCost: 10 },
      { month: { tokens: 0, cost: 9 } },
      { month: { tokens: 0, cost: 11 } },
      'budget',
    ],
  ] as const)(
    '%s: one passes while anything is left, none when nothing is',
    (_what, terms, left, gone, kind) => {
      expect(limitExceeded({ ...NO_LIMITS, ...terms }, use(left), true)).toBe(null);
      expect(limitExceeded({ ...NO_LIMITS, ...terms }, use(gone), true)?.kind).toBe(kind);
    },
  );

  it.each([
    ['a day’s tokens', { dailyTokens: 100 }, { tokens: 60, cost: 0 }],
    ['a month’s tokens', { monthlyTokens: 100 }, { tokens: 60, cost: 0 }],
    ['a day’s money', { dailyCost: 100 }, { tokens: 0, cost: 60 }],
    ['tokens a minute', { tokensPerMinute: 100 }, { tokens: 60, cost: 0 }],
  ] as const)(
    '%s that running requests may need are not given away, but are not used up either',
    (_what, terms, held) => {
      const half = { tokens: 40, cost: 40 };
      const spent = use({ ...minute(1, 40), held, day: half, month: half });
      expect(limitExceeded({ ...NO_LIMITS, ...terms }, spent, true)).toMatchObject({
        kind: 'held',
        used: 40,
      });
      expect(
        limitExceeded({ ...NO_LIMITS, ...terms }, { ...spent, held: { tokens: 59, cost: 59 } }, true),
      ).toBe(null);
    },
  );

  it('ask only the number of requests of those that do not run the model', () => {
    const terms = { ...NO_LIMITS, requestsPerMinute: 5, dailyTokens: 10, tokensPerMinute: 10 };
    const gone = use({ ...minute(4, 99), day: { tokens: 99, cost: 0 } });
    expect(limitExceeded(terms, gone, false)).toBe(null);
    expect(limitExceeded(terms, { ...gone, minute: { requests: 5, tokens: 0 } }, false)?.of).toBe('requests');
  });
});

it('a budget that others may need the rest of is one to come back to; tokens a minute count theirs once', () => {
  const others = use({ held: { tokens: 40, cost: 0 }, heldElsewhere: { tokens: 60, cost: 0 } });
  expect(limitExceeded({ ...NO_LIMITS, dailyTokens: 101 }, others, true)).toBe(null);
  expect(limitExceeded({ ...NO_LIMITS, dailyTokens: 100 }, others, true)).toMatchObject({ kind: 'held' });
  expect(limitExceeded({ ...NO_LIMITS, tokensPerMinute: 100 }, others, true)).toBe(null);
});

describe('what the client hears of it', () => {
  const told = (terms: Partial<KeyTerms>, over: Partial<KeyUse>, waitMs = 0) => {
    const found = limitExceeded({ ...NO_LIMITS, ...terms }, use(over), true);
    if (found === null) throw new Error('nothing stands against it');
    const error = limitRefusal(found, waitMs, NOW);
    return { code: error.code, status: error.status, headers: error.toHeaders(), message: error.message };
  };

  it('of a rate: a short wait', () => {
    const { message, ...rest } = told({ requestsPerMinute: 600 }, minute(600), 6_200);
    expect(rest).toEqual({
      code: 'key_rate_limited',
      status: 429,
      headers: { 'x-should-retry': 'true', 'retry-after': '7' },
    });
    expect(message).toContain('600 requests a minute');
    expect(message).toContain('try again in 7s');
    expect(told({ tokensPerMinute: 1 }, minute(1, 1), 300_000).headers['retry-after']).toBe('60');
  });

  it('of a budget: what was used, when it ends, and no wait', () => {
    const { message, ...rest } = told({ dailyCost: 25_000_000 }, { day: { tokens: 5, cost: 25_104_500 } });
    expect(rest).toEqual({ code: 'budget_exceeded', status: 429, headers: { 'x-should-retry': 'false' } });
    expect(message).toContain('$25.104500 of $25.00 this day (UTC)');
    expect(message).toContain('2026-12-01T00:00:00Z');
    expect(told({ monthlyTokens: 1_000 }, { month: { tokens: 1_204, cost: 0 } }).message).toContain(
      '1,204 tokens of 1,000 tokens this month (UTC). It begins anew at 2026-12-01T00:00:00Z',
    );
  });

  it('of a budget that is only spoken for: to come back soon', () => {
    const { headers, code, message } = told({ dailyTokens: 100 }, { held: { tokens: 100, cost: 0 } });
    expect([code, headers['retry-after'], headers['x-should-retry']]).toEqual([
      'key_rate_limited',
      '2',
      'true',
    ]);
    expect(message).toContain('0 tokens of 100 tokens this day');
  });
});
