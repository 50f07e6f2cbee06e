import type { Clock } from '../common/clock.js';
import { steadyNow } from '../common/steady-now.js';

/**
 * The time of the shared store as this process knows it, good to half a round trip. Machines differ in what time it is;
 * what they tell each other is therefore in the store's time, and translated on the way in and out.
 */
export class RedisClock {
  /** Store time minus the monotonic reading. */
  #offset: number | null = null;

  constructor(private readonly clock: Clock) {}

  /** `storeNow`: read by the store at some moment between the two monotonic readings. */
  learn(storeNow: number, sentAt: number, receivedAt: number): void {
    this.#offset = storeNow - (sentAt + receivedAt) / 2;
  }

  /** Epoch ms by the store; by this machine as long as the store has not been heard. */
  now(): number {
    return this.#offset === null ? steadyNow(this.clock) : this.clock.monotonic() + this.#offset;
  }

  /** From this machine's epoch ms to the store's. */
  toStore(at: number): number {
    return Math.round(this.now() - (steadyNow(this.clock) - at));
  }

  toLocal(at: number): number {
    return Math.round(steadyNow(this.clock) - (this.now() - at));
  }
}
