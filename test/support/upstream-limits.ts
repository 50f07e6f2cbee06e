interface Window {
  readonly requests: number;
  readonly windowMs: number;
  startedAt: number;
  used: number;
}

/** Requests a key may make in a fixed window, told in `x-ratelimit-*` and enforced with 429. */
export class UpstreamLimits {
  readonly #windows = new Map<string, Window>();

  set(key: string, requests: number, windowMs: number): void {
    this.#windows.set(key, { requests, windowMs, startedAt: performance.now(), used: 0 });
  }

  clear(): void {
    this.#windows.clear();
  }

  /** Counts a request; false = over the limit. */
  take(key: string | null): boolean {
    const window = this.#current(key);
    if (window === null) return true;
    if (window.used >= window.requests) return false;
    window.used += 1;
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
    };
  }

  #current(key: string | null): Window | null {
    const window = this.#windows.get(key ?? '');
    if (window === undefined) return null;
    const passed = performance.now() - window.startedAt;
    if (passed >= window.windowMs) {
      window.startedAt += Math.floor(passed / window.windowMs) * window.windowMs;
      window.used = 0;
    }
    return window;
  }
}
