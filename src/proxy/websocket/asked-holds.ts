import type { Amount } from '../limits/limit-decision.js';

/** How long an answer to a message that is no create may be coming. One that comes later is counted as it begins. */
const PATIENCE_MS = 60_000;

interface Held {
  readonly hold: Amount;
  /** Monotonic ms. */
  readonly until: number;
}

/**
 * What is set aside for the messages of a connection that may be answered by a response of their own, by lane, the oldest
 * first. Nothing says whether such an answer will come: what nobody has taken after a while is given back.
 */
export class AskedHolds {
  readonly #lanes = new Map<string, Held[]>();

  constructor(private readonly giveBack: (hold: Amount) => void) {}

  has(lane: string): boolean {
    return this.#lanes.has(lane);
  }

  add(lane: string, hold: Amount, now: number): void {
    const held = this.#lanes.get(lane) ?? [];
    held.push({ hold, until: now + PATIENCE_MS });
    this.#lanes.set(lane, held);
  }

  /** For the response that begins there, to be settled with it; null = nothing is set aside. */
  take(lane: string): Amount | null {
    const held = this.#lanes.get(lane);
    const first = held?.shift();
    if (held?.length === 0) this.#lanes.delete(lane);
    return first?.hold ?? null;
  }

  /** One of them came to nothing. */
  refused(lane: string): void {
    const hold = this.take(lane);
    if (hold !== null) this.giveBack(hold);
  }

  expire(now: number): void {
    for (const [lane, held] of this.#lanes) {
      const old = held.filter(({ until }) => until <= now);
      for (let n = old.length; n > 0; n--) this.refused(lane);
    }
  }
}
