import { ProxyError } from '../../common/errors.js';
import type { Amount } from '../limits/limit-decision.js';

/** Of one connection, all lanes together: as many as it may have open responses. */
const MAX_HOLDS = 64;

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
  #size = 0;

  constructor(private readonly giveBack: (hold: Amount) => void) {}

  has(lane: string): boolean {
    return this.#lanes.has(lane);
  }

  /** Throws `overloaded` when more is waited for than any upstream would answer. */
  checkRoom(): void {
    if (this.#size < MAX_HOLDS) return;
    throw new ProxyError(
      'overloaded',
      `This connection has asked for ${MAX_HOLDS} responses that have not begun; wait for one of them.`,
    );
  }

  add(lane: string, hold: Amount, now: number): void {
    const held = this.#lanes.get(lane) ?? [];
    held.push({ hold, until: now + PATIENCE_MS });
    this.#lanes.set(lane, held);
    this.#size += 1;
  }

  /** For the response that begins there, to be settled with it; null = nothing is set aside. */
  take(lane: string): Amount | null {
    const held = this.#lanes.get(lane);
    const first = held?.shift();
    if (first === undefined) return null;
    this.#size -= 1;
    if (held?.length === 0) this.#lanes.delete(lane);
    return first.hold;
  }

  /** One of them came to nothing. */
  refused(lane: string): void {
    const hold = this.take(lane);
    if (hold !== null) this.giveBack(hold);
  }

  expire(now: number): void {
    for (const [lane, held] of this.#lanes) {
      const kept = held.filter(({ until }) => until > now);
      const old = held.splice(0, held.length - kept.length);
      if (kept.length === 0) this.#lanes.delete(lane);
      this.#size -= old.length;
      for (const { hold } of old) this.giveBack(hold);
    }
  }
}
