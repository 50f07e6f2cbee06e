const DAY_MS = 86_400_000;

/** First millisecond of the UTC day. All times are epoch ms. */
export function utcDay(at: number): number {
  return at - (at % DAY_MS);
}

export function nextUtcDay(at: number): number {
  return utcDay(at) + DAY_MS;
}

/** First millisecond of the calendar month in UTC. */
export function utcMonth(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1);
}

export function nextUtcMonth(at: number): number {
  const date = new Date(at);
  return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1);
}
