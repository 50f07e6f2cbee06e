import type { ServerResponse } from 'node:http';
import type { UsageTap } from '../usage/usage-tap.js';

export interface RelayEvents {
  /** The answer is complete as far as its meaning goes: called before the bytes that say so are forwarded. */
  onTerminal(): void;
  /** The client reads nothing for too long. */
  onStall(): void;
  /** The client reads again: the upstream may go on. */
  onDrain(): void;
}

/**
 * Carries the bytes of a committed answer to the client. What arrives in one turn of the loop leaves in one write; a
 * lone event leaves at once (the write is only held until the current socket read has been handed out). Nothing is
 * buffered beyond the socket's own mark: `write` answers false and the upstream is paused.
 */
export class Relay {
  bytes = 0;
  #corked = false;
  #paused = false;
  #detached = false;
  #stall: NodeJS.Timeout | null = null;

  constructor(
    private readonly res: ServerResponse,
    private readonly tap: UsageTap,
    private readonly stallTimeoutMs: number,
    private readonly events: RelayEvents,
  ) {
    res.on('drain', this.#onDrain);
  }

  head(status: number, headers: string[]): void {
    this.#cork();
    this.res.writeHead(status, headers);
    this.res.flushHeaders();
  }

  write(chunk: Buffer): boolean {
    if (this.tap.push(chunk)) this.events.onTerminal();
    this.bytes += chunk.length;
    if (this.#detached) return true;
    this.#cork();
    if (this.res.write(chunk)) return true;
    this.#paused = true;
    this.#stall ??= setTimeout(() => this.events.onStall(), this.stallTimeoutMs).unref();
    return false;
  }

  end(): void {
    this.tap.end();
    this.#release();
    if (!this.#detached) this.res.end();
  }

  /** The client is gone but the upstream goes on: bytes are read for their usage and dropped. */
  detach(): void {
    this.#detached = true;
    this.#release();
    if (this.#paused) this.#onDrain();
  }

  /** Ends the client's connection so that the answer looks as unfinished as it is: what was written still arrives. */
  cut(lastWords: string | null): void {
    this.#release();
    const socket = this.res.socket;
    if (this.#detached || socket === null || socket.destroyed) return;
    // Half an event must not be completed by ours.
    if (lastWords !== null && this.tap.atEventBoundary) this.res.write(lastWords);
    this.#uncork();
    socket.destroySoon();
  }

  #release(): void {
    if (this.#stall !== null) clearTimeout(this.#stall);
    this.#stall = null;
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.res.cork();
    process.nextTick(this.#uncork);
  }

  readonly #uncork = (): void => {
    if (!this.#corked) return;
    this.#corked = false;
    this.res.uncork();
    // The cork's own count can cross the mark although the socket took everything: then no 'drain' follows.
    if (this.#paused && !this.res.writableNeedDrain) this.#onDrain();
  };

  readonly #onDrain = (): void => {
    if (!this.#paused) return;
    this.#paused = false;
    this.#release();
    this.events.onDrain();
  };
}
