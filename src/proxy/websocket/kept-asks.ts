import type { BodyBudget } from '../body-budget.js';

/** Of the messages that one connection keeps in case a response answers them, all lanes together. */
const MAX_KEPT_BYTES = 262_144;

/** A client's message that is no create, and may be answered by a response of its own. */
export interface Ask {
  /** Null = there was no room to keep it. */
  readonly message: Buffer | null;
}

/**
 * What a connection has asked without a create. Nothing says whether an answer will ever come, so it may be kept for as
 * long as the connection lasts: bounded by itself, and counted among the bodies this process holds.
 */
export class KeptAsks {
  #kept = 0;

  constructor(private readonly bodies: BodyBudget) {}

  keep(message: Buffer): Ask {
    const { length } = message;
    if (this.#kept + length > MAX_KEPT_BYTES || !this.bodies.tryTake(length)) return { message: null };
    this.#kept += length;
    // A short message is a view into the chunk it was read with.
    return { message: Buffer.from(message) };
  }

  /** It is not kept here any more. Its bytes go on counting for whoever has it now, who gives them back. */
  handOver({ message }: Ask): void {
    this.#kept -= message?.length ?? 0;
  }

  forget(ask: Ask | null): void {
    if (ask === null) return;
    this.handOver(ask);
    this.bodies.give(ask.message?.length ?? 0);
  }
}
