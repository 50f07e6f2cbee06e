interface Window {
  readonly requests: number;
  readonly tokens: number;
  readonly windowMs: number;
  startedAt: number;
  used: number;
  usedTokens: number;
}

/** Requests a key may make in a fixed window, and tokens they may take, told in `x-ratelimit-*` and enforced with 429. */
export class UpstreamLimits {
  readonly #windows = new Map<string, Window>();

  set(key: string, requests: number, windowMs: number, tokens = 1_000_000): void {
    const startedAt = performance.now();
    this.#windows.set(key, { requests, tokens, windowMs, startedAt, used: 0, usedTokens: 0 });
  }

  clear(): void {
    this.#windows.clear();
  }

  /** Counts a request; false = over a limit. */
  take(key: string | null, bodyBytes: number): boolean {
    const window = this.#current(key);
    if (window === null) return true;
    const tokens = Math.ceil(bodyBytes / 4);
    if (window.used >= window.requests || window.usedTokens + tokens > window.tokens) return false;
    window.used += 1;
    window.usedTokens += tokens;
    return true;
  }

  headers(key: string | null): Record<string, string> {
    const window = this.#current(key);
    if (window === null) return {};
    const reset = Math.max(1, Math.ceil(window.startedAt + window.windowMs - performance.now()));
    return {
      'x-ratelimit-limit-requests': String(window.requests),
      'x-ratelimit-remaining-requests': String(window.requests - window.used),
      'x-ratelimit-reset-requests': `${reset}ms`,
      'x-ratelimit-limit-tokens': String(window.tokens),
      'x-ratelimit-remaining-tokens': String(window.tokens - window.usedTokens),
      'x-ratelimit-reset-tokens': `${reset}ms`,
    };
  }

  #current(key: string | null): Window | null {
    const window = this.#windows.get(key ?? '');
    if (window === undefined) return null;
    const passed = performance.now() - window.startedAt;
    if (passed >= window.windowMs) {
      window.startedAt += Math.floor(passed / window.windowMs) * window.windowMs;
      window.used = 0;
      window.usedTokens = 0;
    }
    return window;
  }
}
