import type { DecisionRecord } from './live-state.js';

/** The last decisions, overwritten in a circle: a push costs one store however long the process lives. */
export class DecisionRing {
  readonly #slots: DecisionRecord[] = [];
  #next = 0;

  constructor(private readonly capacity: number) {}

  push(decision: DecisionRecord): void {
    this.#slots[this.#next] = decision;
    this.#next = (this.#next + 1) % this.capacity;
  }

  /** At most `limit`, newest first. */
  newest(limit: number): DecisionRecord[] {
    const count = Math.max(0, Math.min(limit, this.#slots.length));
    const out: DecisionRecord[] = [];
    for (let back = 1; back <= count; back++) {
      const slot = this.#slots[(this.#next - back + this.capacity) % this.capacity];
      if (slot !== undefined) out.push(slot);
    }
    return out;
  }
}
