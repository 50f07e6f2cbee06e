import type { ServerResponse } from 'node:http';
import type { UsageTap } from '../usage/usage-tap.js';
import { chunkFrame } from './chunk-frame.js';

export interface RelayEvents {
  /** The answer is complete as far as its meaning goes: called before the bytes that say so are forwarded. */
  onTerminal(): void;
  /** The client reads nothing for too long. */
  onStall(): void;
  /** The client reads again: the upstream may go on. */
  onDrain(): void;
}

/** More than this in one turn is written at once: it is a write's worth. */
const GATHER_BYTES = 64 * 1024;

/**
 * Carries the bytes of a committed answer to the client. What arrives in one turn of the loop leaves in one write; a
 * lone event leaves as soon as the socket read that brought it has been handed out. Little is buffered beyond the
 * socket's own mark: `write` answers false and the upstream is paused.
 */
export class Relay {
  bytes = 0;
  #gathered: Buffer[] = [];
  #gatheredBytes = 0;
  #scheduled = false;
  #headHeld = false;
  /** The answer goes in the chunked coding: to clients of HTTP/1.1 where nobody said how long it is. */
  #framed = false;
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
    res.once('close', () => this.#release());
  }

  head(status: number, headers: string[]): void {
    const { res } = this;
    res.writeHead(status, headers);
    // The coding is ours from here; Node's own end of it follows in `end`.
    this.#framed = res.chunkedEncoding;
    res.chunkedEncoding = false;
    // The first write carries the head with it; without one in this turn it leaves alone at the turn's end.
    this.#headHeld = true;
    this.#schedule();
  }

  /** False: pause the upstream until `onDrain`. */
  write(chunk: Buffer): boolean {
    if (this.tap.push(chunk)) this.events.onTerminal();
    this.bytes += chunk.length;
    if (this.#detached) return true;
    if (chunk.length > 0) this.#gathered.push(chunk);
    this.#gatheredBytes += chunk.length;
    if (this.#gatheredBytes >= GATHER_BYTES) this.#flush();
    else this.#schedule();
    return !this.#paused;
  }

  end(): void {
    this.tap.end();
    this.#flush();
    if (this.#detached) return;
    this.res.chunkedEncoding = this.#framed;
    this.res.end();
    // What is still on its way to the client must not hold the connection for as long as the client likes.
    if (!this.res.writableFinished) this.#watch();
  }

  /** The client is gone but the upstream goes on: bytes are read for their usage and dropped. */
  detach(): void {
    this.#detached = true;
    this.#gathered = [];
    this.#release();
    this.#onDrain();
  }

  /** Ends the client's connection so that the answer looks as unfinished as it is: what was written still arrives. */
  cut(lastWords: string | null): void {
    if (this.#detached || this.res.destroyed) return;
    this.#flush();
    // Half an event must not be completed by ours.
    if (lastWords !== null && this.tap.atEventBoundary) {
      const words = Buffer.from(lastWords);
      this.res.write(this.#piece([words], words.length));
    }
    const socket = this.res.socket;
    // A pipelined answer that has not reached its turn has no socket yet.
    if (socket === null) {
      this.res.destroy();
      return;
    }
    socket.destroySoon();
    if (!socket.destroyed) this.#watch();
  }

  #watch(): void {
    this.#stall ??= setTimeout(() => {
      this.#stall = null;
      // A pipelined answer that waits for its turn is not the client's doing.
      if (this.res.socket === null && !this.res.destroyed) this.#watch();
      else this.events.onStall();
    }, this.stallTimeoutMs).unref();
  }

  #release(): void {
    if (this.#stall !== null) clearTimeout(this.#stall);
    this.#stall = null;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    process.nextTick(this.#turnOver);
  }

  readonly #turnOver = (): void => {
    this.#scheduled = false;
    if (this.#gathered.length > 0) this.#flush();
    else if (this.#headHeld) this.#sendHead();
  };

  #sendHead(): void {
    this.#headHeld = false;
    this.res.flushHeaders();
  }

  #flush(): void {
    if (this.#gatheredBytes === 0 || this.#detached) return;
    const data = this.#piece(this.#gathered, this.#gatheredBytes);
    this.#gathered.length = 0;
    this.#gatheredBytes = 0;
    this.#headHeld = false;
    if (this.res.write(data)) return;
    this.#paused = true;
    this.#watch();
  }

  #piece(parts: readonly Buffer[], bytes: number): Buffer {
    if (this.#framed) return chunkFrame(parts, bytes);
    return parts.length === 1 ? (parts[0] as Buffer) : Buffer.concat(parts, bytes);
  }

  readonly #onDrain = (): void => {
    if (!this.#paused) return;
    this.#paused = false;
    this.#release();
    this.events.onDrain();
  };
}
