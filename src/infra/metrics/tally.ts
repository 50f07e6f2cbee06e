import type { Counter } from 'prom-client';

/** A labelled child of a counter that is only told when somebody looks: adding a number is all a request pays. */
export class Tally {
  #since = 0;

  constructor(private readonly child: Counter.Internal) {}

  add(amount: number): void {
    this.#since += amount;
  }

  /** Hands over what has come together. */
  settle(): void {
    if (this.#since === 0) return;
    this.child.inc(this.#since);
    this.#since = 0;
  }
}
