const WINDOW_MS = 60_000;
const MAX_BAD_TOKENS = 20;
const MAX_ADDRESSES = 1_000;

interface Window {
  readonly startedAt: number;
  count: number;
}

/**
 * Counts wrong tokens per address and minute. Bounded: when too many addresses are known the oldest is forgotten,
 * which gives a guesser with a thousand addresses nothing a token of 20 characters would notice.
 */
export class BadTokenLimiter {
  readonly #windows = new Map<string, Window>();

  /** Counts one wrong token. Answers the seconds to wait when the address has used up its minute, else null. */
  count(address: string, now: number): number | null {
    const key = networkOf(address);
    const known = this.#windows.get(key);
    if (known === undefined || now - known.startedAt >= WINDOW_MS) {
      this.#open(key, now);
      return null;
    }
    known.count += 1;
    if (known.count <= MAX_BAD_TOKENS) return null;
    return Math.max(1, Math.ceil((known.startedAt + WINDOW_MS - now) / 1000));
  }

  get size(): number {
    return this.#windows.size;
  }

  #open(key: string, now: number): void {
    this.#windows.delete(key);
    if (this.#windows.size >= MAX_ADDRESSES) {
      const oldest = this.#windows.keys().next();
      if (!oldest.done) this.#windows.delete(oldest.value);
    }
    this.#windows.set(key, { startedAt: now, count: 1 });
  }
}

/** One IPv6 customer has 2^64 addresses: they count as one. */
function networkOf(address: string): string {
  if (!address.includes(':') || address.includes('.')) return address;
  return address.split(':').slice(0, 4).join(':');
}
