import type { RateLimitFacts } from '../upstream/attempt-outcome.js';

/** What an upstream said is left of its limit, and the steady time from which that says nothing any more. */
interface Allowance {
  readonly remaining: number;
  readonly until: number;
}

/** The last word of one key on one model. */
export interface RateLimit {
  /** Steady time at which it was said. */
  readonly at: number;
  readonly requests: Allowance | null;
  readonly tokens: Allowance | null;
}

/** What may still be sent before the upstream says no; null = not known, which is not the same as nothing. */
export interface Remaining {
  readonly requests: number | null;
  readonly tokens: number | null;
}

/** Sent, and its answer has not begun: the upstream's count may not hold it yet. */
export interface Sent {
  readonly requests: number;
  /** As many as they may take. */
  readonly tokens: number;
}

export const NOTHING_SENT: Sent = Object.freeze({ requests: 0, tokens: 0 });

export const NOTHING_KNOWN: Remaining = Object.freeze({ requests: null, tokens: null });

/** Limits by the day reset in hours. A key is asked again sooner: what it said may have been a mistake. */
const LONGEST_MS = 600_000;

/** Null when the answer says nothing that could be held against a time. `now` is `steadyNow`. */
export function rateLimitOf(facts: RateLimitFacts, now: number): RateLimit | null {
  const requests = allowance(facts.remainingRequests, facts.resetRequestsMs, now);
  const tokens = allowance(facts.remainingTokens, facts.resetTokensMs, now);
  return requests === null && tokens === null ? null : { at: now, requests, tokens };
}

function allowance(remaining: number | null, resetMs: number | null, now: number): Allowance | null {
  if (remaining === null || resetMs === null || resetMs <= 0) return null;
  return { remaining, until: now + Math.min(resetMs, LONGEST_MS) };
}

export function remainingAt(limit: RateLimit, sent: Sent, now: number): Remaining {
  const requests = left(limit.requests, now);
  const tokens = left(limit.tokens, now);
  return {
    requests: requests === null ? null : Math.max(0, requests - sent.requests),
    tokens: tokens === null ? null : Math.max(0, tokens - sent.tokens),
  };
}

function left(known: Allowance | null, now: number): number | null {
  return known === null || known.until <= now ? null : known.remaining;
}

/** Whatever the next request is, it would be answered with 429. */
export function isExhausted(requests: number | null, tokens: number | null): boolean {
  return requests === 0 || tokens === 0;
}

/** A request that may take so many tokens would be answered with 429. */
export function isTooFew(tokens: number | null, needed: number): boolean {
  return tokens !== null && tokens < needed;
}

/** Nothing in it holds any more. */
export function isOver({ requests, tokens }: RateLimit, now: number): boolean {
  return left(requests, now) === null && left(tokens, now) === null;
}
