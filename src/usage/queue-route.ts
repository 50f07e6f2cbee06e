const AGAIN_PAUSE_MS = 10_000;

/**
 * Whether batches go through the queue or straight to SQL. Times are monotonic ms, passed in. The queue is used until it
 * fails, and tried again after a while or at the first sign that it works.
 */
export class QueueRoute {
  #reason: string | null = null;
  #retryAt = 0;
  #failures = 0;

  /** Why the queue is left alone; null while it is used. */
  get reason(): string | null {
    return this.#reason;
  }

  isOpen(now: number): boolean {
    return this.#reason === null || now >= this.#retryAt;
  }

  /** To be left alone for `pauseMs`, and longer when it fails again and again. True when this is news. */
  close(reason: string, now: number, pauseMs: number): boolean {
    const news = this.#reason === null;
    this.#reason = reason;
    this.#failures++;
    this.#retryAt = now + (this.#failures === 1 ? pauseMs : Math.max(pauseMs, AGAIN_PAUSE_MS));
    return news;
  }

  /** The next batch tries the queue. */
  hint(): void {
    this.#retryAt = 0;
  }

  /** The queue has carried a batch. True when this is news. */
  worked(): boolean {
    const news = this.#reason !== null;
    this.#reason = null;
    this.#failures = 0;
    return news;
  }
}
