/** Bytes that many hold at once, up to a limit for all of them together. */
export class ByteBudget {
  #held = 0;

  constructor(protected readonly limit: number) {}

  get held(): number {
    return this.#held;
  }

  /** False when the sum would go over the limit; then nothing was taken. */
  tryTake(bytes: number): boolean {
    if (this.#held + bytes > this.limit) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}
