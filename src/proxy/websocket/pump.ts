import { WebSocket } from 'ws';

/**
 * One direction of the relay. Messages leave as they came and in their order; while more waits for the reader than the
 * mark allows, the writer is not read.
 */
export class Pump {
  #stalledAt: number | null = null;

  constructor(
    private readonly from: WebSocket,
    private readonly to: WebSocket,
    private readonly mark: number,
    private readonly now: () => number,
  ) {}

  /** Since when the reader has taken nothing; null while it keeps up. */
  get stalledAt(): number | null {
    return this.#stalledAt;
  }

  send(data: Buffer, binary: boolean): void {
    if (this.to.readyState !== WebSocket.OPEN) return;
    this.to.send(data, { binary, compress: false }, () => this.#left());
    if (this.to.bufferedAmount <= this.mark || this.#stalledAt !== null) return;
    this.#stalledAt = this.now();
    this.from.pause();
  }

  #left(): void {
    if (this.#stalledAt === null) return;
    if (this.to.bufferedAmount > this.mark / 2) {
      this.#stalledAt = this.now();
      return;
    }
    this.#stalledAt = null;
    this.from.resume();
  }
}

/** Client to upstream, and back. */
export function bothWays(
  client: WebSocket,
  upstream: WebSocket,
  mark: number,
  now: () => number,
): [up: Pump, down: Pump] {
  return [new Pump(client, upstream, mark, now), new Pump(upstream, client, mark, now)];
}
