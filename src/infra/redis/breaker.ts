const FIRST_WINDOW_MS = 500;
/** Then a server that is back is found at the latest. */
const LONGEST_WINDOW_MS = 2_000;
/** A failure this long after the last one is a new story. */
const CALM_MS = 30_000;

/**
 * Open = do not try. One failure opens it; each that follows while it is not calm again doubles the window, so that a
 * server which answers now and then costs little. Times are monotonic milliseconds.
 */
export class Breaker {
  #window = 0;
  #retryAt: number | null = null;
  #closedAt = -Infinity;

  get open(): boolean {
    return this.#retryAt !== null;
  }

  /** Closed, or open for so long that one try is due. */
  mayTry(now: number): boolean {
    return this.#retryAt === null || now >= this.#retryAt;
  }

  trip(now: number): void {
    const calm = !this.open && now - this.#closedAt >= CALM_MS;
    this.#window = calm ? FIRST_WINDOW_MS : Math.min(LONGEST_WINDOW_MS, this.#window * 2);
    this.#retryAt = now + this.#window;
  }

  pass(now: number): void {
    if (!this.open) return;
    this.#retryAt = null;
    this.#closedAt = now;
  }
}
