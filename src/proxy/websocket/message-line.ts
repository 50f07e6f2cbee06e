import type { WebSocket } from 'ws';
import type { Message } from './hear.js';

interface LineOwner {
  /** Handles one, and may make those behind it wait. */
  readonly take: (message: Message) => void;
  /** The first has what it waited for, or never will. */
  readonly waited: () => void;
  /** Nothing waits any more. */
  readonly emptied: () => void;
  /** The upstream takes nothing at present: the client is read again when it does. */
  readonly stalled: () => boolean;
  /** Nothing more goes upstream. */
  readonly over: () => boolean;
  readonly abandon: (messages: readonly Message[]) => void;
}

/** A client's messages in their order: what comes behind one that waits for something waits with it. */
export class MessageLine {
  #held: Message[] | null = null;

  constructor(
    private readonly client: WebSocket,
    private readonly owner: LineOwner,
  ) {}

  arrived(message: Message): void {
    if (this.#held === null) return this.owner.take(message);
    this.#held.push(message);
    this.client.pause();
  }

  async waitFor<T>(it: Promise<T>, go: (it: T) => void, refuse: (error: unknown) => void): Promise<void> {
    this.#held = [];
    try {
      go(await it);
    } catch (error: unknown) {
      refuse(error);
    } finally {
      this.owner.waited();
      this.#release();
    }
  }

  #release(): void {
    const held = this.#held ?? [];
    this.#held = null;
    if (this.owner.over()) return this.owner.abandon(held);
    for (const [i, message] of held.entries()) {
      this.owner.take(message);
      // It waits in its turn, and the rest for it.
      if (this.#held !== null) return void (this.#held as Message[]).push(...held.slice(i + 1));
    }
    if (!this.owner.stalled()) this.client.resume();
    this.owner.emptied();
  }
}
