export const MAX_RETRY_AFTER_MS = 600_000;
export const DEFAULT_RETRY_AFTER_MS = 20_000;
/** Nobody means "come back in a week": such a value is a mistake of units or of the clock. */
const ABSURD_MS = 86_400_000;

const NUMBER = /^-?\d{1,15}(?:\.\d{1,9})?$/;
const ASCTIME = /^[A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}$/;
const HTTP_DATE = /^[A-Z][a-z]{2,8}, .{1,30} GMT$/;

export interface RetryAfterHeaders {
  /** When the answer says it was made. A date in `retry-after` is by the same clock, ours may be another's. */
  readonly date?: string | null;
  readonly retryAfter: string | null;
  readonly retryAfterMs: string | null;
}

/**
 * Milliseconds an answer asks to wait, 0 to 10 minutes; null when it does not say. Of two that differ the longer. A value
 * that cannot be meant (negative, not a number, more than a day) counts as 20 s where nothing else is said: the upstream
 * did ask for a pause.
 */
export function parseRetryAfter(headers: RetryAfterHeaders, nowEpochMs: number): number | null {
  const { retryAfter, retryAfterMs } = headers;
  const said: (number | null)[] = [];
  if (retryAfterMs !== null) said.push(meant(numberOf(retryAfterMs)));
  if (retryAfter !== null) said.push(meant(secondsOf(retryAfter) ?? untilDate(headers, nowEpochMs)));
  if (said.length === 0) return null;
  const waits = said.filter((ms) => ms !== null);
  return waits.length === 0 ? DEFAULT_RETRY_AFTER_MS : Math.max(...waits);
}

function secondsOf(retryAfter: string): number | null {
  const seconds = numberOf(retryAfter);
  return seconds === null ? null : seconds * 1000;
}

function untilDate({ retryAfter, date: answeredAt }: RetryAfterHeaders, nowEpochMs: number): number | null {
  const date = dateOf(retryAfter ?? '');
  if (date === null) return null;
  const wait = date - (dateOf(answeredAt ?? '') ?? nowEpochMs);
  // A date just behind us is a clock that runs a little late, not a mistake.
  return wait < 0 && wait > -ABSURD_MS ? 0 : wait;
}

/** Null = nobody can mean that. */
function meant(ms: number | null): number | null {
  return ms === null || !(ms >= 0) || ms > ABSURD_MS ? null : Math.min(Math.ceil(ms), MAX_RETRY_AFTER_MS);
}

function numberOf(value: string): number | null {
  const text = value.trim();
  return NUMBER.test(text) ? Number(text) : null;
}

function dateOf(value: string): number | null {
  const text = value.trim();
  const date = ASCTIME.test(text)
    ? Date.parse(`${text} GMT`)
    : HTTP_DATE.test(text)
      ? Date.parse(text)
      : Number.NaN;
  return Number.isNaN(date) ? null : date;
}
