/** How long somebody who looks at history waits; with what surrounds it, an answer comes within two seconds. */
export const READ_LIMIT_MS = 1_500;
/** Of the pool: the rest is for those who write history. */
const AT_ONCE = 4;
const MAX_WAITING = 100;

/**
 * Reads on behalf of people: few at a time, and none waited for longer than the limit. One that was given up keeps its
 * place until the database has let go of it, so that a slow database is not asked more and more at once.
 */
export class ReadLimiter {
  #running = 0;
  readonly #waiting: (() => void)[] = [];

  constructor(
    private readonly limitMs = READ_LIMIT_MS,
    private readonly atOnce = AT_ONCE,
  ) {}

  /** Rejects with `onTimeout()` when the result is not there in time, or too many wait already. */
  run<T>(work: () => Promise<T>, onTimeout: () => Error): Promise<T> {
    if (this.#waiting.length >= MAX_WAITING) return Promise.reject(onTimeout());
    return new Promise<T>((resolve, reject) => {
      const begin = (): void =>
        void this.#hold(work)
          .then(resolve, reject)
          .finally(() => clearTimeout(timer));
      const timer = setTimeout(() => {
        const place = this.#waiting.indexOf(begin);
        if (place >= 0) this.#waiting.splice(place, 1);
        reject(onTimeout());
      }, this.limitMs);
      if (this.#running < this.atOnce) begin();
      else this.#waiting.push(begin);
    });
  }

  async #hold<T>(work: () => Promise<T>): Promise<T> {
    this.#running += 1;
    try {
      return await work();
    } finally {
      this.#running -= 1;
      this.#waiting.shift()?.();
    }
  }
}
