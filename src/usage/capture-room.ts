/** What each body may hold without asking: small answers are captured whole, however many there are. */
export const FREE_CAPTURE_BYTES = 65_536;

/**
 * Bytes of answers under way that are held for the history, of all exchanges together. Each has its own limit; without
 * one for their sum, some hundred clients that read slowly would hold hundreds of megabytes.
 */
export class CaptureRoom {
  #held = 0;

  /** `limit`: bytes beyond the free ones of each body. */
  constructor(private readonly limit: number) {}

  get held(): number {
    return this.#held;
  }

  /** False when the sum would go over the limit; then nothing was taken. */
  take(bytes: number): boolean {
    if (this.#held + bytes > this.limit) return false;
    this.#held += bytes;
    return true;
  }

  give(bytes: number): void {
    this.#held -= bytes;
  }
}
