const SECOND = 1_000;
/** One more than a minute has: the oldest second is only partly gone. */
const SECONDS = 61;

/** What came within the last minute, by the second: nobody passes too early, and at most a second too late. Times are monotonic ms. */
export class MinuteWindow {
  readonly #amounts = new Float64Array(SECONDS);
  /** Which second each of them is about. */
  readonly #seconds = new Float64Array(SECONDS).fill(-SECONDS);

  add(amount: number, now: number): void {
    const second = Math.floor(now / SECOND);
    const place = second % SECONDS;
    if (this.#seconds[place] !== second) this.#amounts[place] = 0;
    this.#seconds[place] = second;
    this.#amounts[place] = (this.#amounts[place] ?? 0) + amount;
  }

  sum(now: number): number {
    const second = Math.floor(now / SECOND);
    let sum = 0;
    for (let age = 0; age < SECONDS; age += 1) sum += this.#of(second - age);
    return sum;
  }

  /** How long until less than `limit` is left of what is there now; 0 = it is. */
  msUntilBelow(limit: number, now: number): number {
    const second = Math.floor(now / SECOND);
    let sum = this.sum(now);
    for (let old = second - SECONDS + 1; sum >= limit && old <= second; old += 1) {
      sum -= this.#of(old);
      if (sum < limit) return (old + SECONDS) * SECOND - now;
    }
    return 0;
  }

  #of(second: number): number {
    if (second < 0) return 0;
    const place = second % SECONDS;
    return this.#seconds[place] === second ? (this.#amounts[place] ?? 0) : 0;
  }
}
