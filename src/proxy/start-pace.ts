/** Milliseconds that starting requests may take of one turn of the loop before running streams have theirs. */
const SHARE_MS = 2;
/** Where a turn is long for other reasons, this part of it: new requests wait for running ones, and never starve. */
const LEAST_PART = 0.5;

/**
 * Lets requests start a few at a time. A start costs some hundred times what an event of a running stream does: of
 * twenty clients that connect at once each event of all other streams would wait for all twenty.
 */
export class StartPace {
  readonly #waiting: (() => void)[] = [];
  #turnBegan = 0;
  #inTurn = false;
  #allowance = SHARE_MS;

  constructor(private readonly monotonic: () => number) {}

  /** Null: go on. A promise: after the next turns of the loop, first come, first served. */
  enter(): Promise<void> | null {
    if (this.#mayStart()) return null;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  #mayStart(): boolean {
    const now = this.monotonic();
    if (!this.#inTurn) {
      this.#inTurn = true;
      this.#turnBegan = now;
      setImmediate(this.#nextTurn);
      return true;
    }
    return this.#waiting.length === 0 && now - this.#turnBegan < this.#allowance;
  }

  readonly #nextTurn = (): void => {
    this.#inTurn = false;
    if (this.#waiting.length === 0) {
      this.#allowance = SHARE_MS;
      return;
    }
    const now = this.monotonic();
    this.#allowance = Math.max(SHARE_MS, (now - this.#turnBegan) * LEAST_PART);
    this.#inTurn = true;
    this.#turnBegan = now;
    setImmediate(this.#nextTurn);
    this.#release();
  };

  /** One after the other: each has done its synchronous part before the clock is asked about the next. */
  #release(): void {
    const next = this.#waiting.shift();
    if (next === undefined) return;
    next();
    queueMicrotask(() => {
      if (this.monotonic() - this.#turnBegan < this.#allowance) this.#release();
    });
  }
}
