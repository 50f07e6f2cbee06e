/**
 * Bounds retries that may cost a second generation to a share of the traffic: when every key answers 500, resending
 * doubles the bill and the load and helps nobody. Starts with a small credit, so that a quiet proxy can retry too.
 */
export class RetryBudget {
  #credit: number;

  constructor(
    private readonly share = 0.1,
    private readonly most = 10,
  ) {
    this.#credit = most;
  }

  /** Call once for each client request. */
  earn(): void {
    this.#credit = Math.min(this.most, this.#credit + this.share);
  }

  get left(): boolean {
    return this.#credit >= 1;
  }

  /** Call once for each such retry made. */
  spend(): void {
    this.#credit = Math.max(0, this.#credit - 1);
  }
}
