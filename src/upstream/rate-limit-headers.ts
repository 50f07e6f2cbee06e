import type { RateLimitFacts } from './attempt-outcome.js';

const COUNT = /^\d{1,15}$/;
const SECONDS = /^\d{1,9}(?:\.\d{1,9})?$/;
/** `12ms`, `1s`, `6m0s`, `1h2m3.5s`, `1d`. Each part at most once, in this order. */
const DURATION =
  /^(?:(\d{1,6})d)?(?:(\d{1,6})h)?(?:(\d{1,6})m(?!s))?(?:(\d{1,9}(?:\.\d{1,9})?)s)?(?:(\d{1,9}(?:\.\d{1,9})?)ms)?$/;
const UNITS_MS = [86_400_000, 3_600_000, 60_000, 1000, 1] as const;

/** `x-ratelimit-*` of an answer, by lower-case header name; null when it has none of them. */
export function readRateLimit(headers: ReadonlyMap<string, string>): RateLimitFacts | null {
  const facts: RateLimitFacts = {
    limitRequests: count(headers.get('x-ratelimit-limit-requests')),
    remainingRequests: count(headers.get('x-ratelimit-remaining-requests')),
    resetRequestsMs: parseDuration(headers.get('x-ratelimit-reset-requests')),
    limitTokens: count(headers.get('x-ratelimit-limit-tokens')),
    remainingTokens: count(headers.get('x-ratelimit-remaining-tokens')),
    resetTokensMs: parseDuration(headers.get('x-ratelimit-reset-tokens')),
  };
  return Object.values(facts).every((fact) => fact === null) ? null : facts;
}

/** Milliseconds; bare numbers are seconds. Null for anything else. */
export function parseDuration(value: string | undefined): number | null {
  const text = value?.trim() ?? '';
  if (text === '') return null;
  if (SECONDS.test(text)) return Math.ceil(Number(text) * 1000);
  const parts = DURATION.exec(text);
  if (parts === null) return null;
  let ms = 0;
  UNITS_MS.forEach((unit, index) => {
    ms += Number(parts[index + 1] ?? 0) * unit;
  });
  return Math.ceil(ms);
}

function count(value: string | undefined): number | null {
  const text = value?.trim() ?? '';
  return COUNT.test(text) ? Number(text) : null;
}
