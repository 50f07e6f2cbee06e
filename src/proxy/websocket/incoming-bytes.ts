import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { BodyBudget } from '../body-budget.js';

/** Header and mask of a control frame. */
const CONTROL_OVERHEAD = 6;

/**
 * What a client has sent of a message that is not complete yet. The library holds it where nobody sees it, so it is
 * counted on the connection: without that, half messages on many connections would fill the memory that whole ones may not.
 */
export class IncomingBytes {
  #held = 0;
  readonly #count = (chunk: Buffer): void => this.#add(chunk.length);

  constructor(
    private readonly client: WebSocket,
    private readonly connection: Socket,
    private readonly bodies: BodyBudget,
    /** There is no room for more; `error` is what the client should hear. */
    private readonly onFull: (error: unknown) => void,
  ) {
    // Before the library: what completes a message must be counted before the message is told.
    connection.prependListener('data', this.#count);
    client.on('ping', this.#control).on('pong', this.#control);
    // The beginning of the next message may be among the bytes given back here, a chunk of the socket's at most.
    client.prependListener('message', this.#whole);
  }

  stop(): void {
    this.connection.off('data', this.#count);
    this.client.off('ping', this.#control).off('pong', this.#control).off('message', this.#whole);
    this.#give(this.#held);
  }

  readonly #whole = (): void => this.#give(this.#held);

  readonly #control = (data: Buffer): void => this.#give(data.length + CONTROL_OVERHEAD);

  #add(bytes: number): void {
    try {
      this.bodies.take(bytes);
      this.#held += bytes;
    } catch (error: unknown) {
      this.onFull(error);
    }
  }

  #give(bytes: number): void {
    const given = Math.min(bytes, this.#held);
    this.#held -= given;
    this.bodies.give(given);
  }
}
