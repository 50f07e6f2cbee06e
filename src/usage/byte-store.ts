import { FREE_CAPTURE_BYTES, type CaptureRoom } from './capture-room.js';

/**
 * Below this a chunk is copied into a slab, above it is kept by reference. Node trims each socket read to its size,
 * so a reference pins no 64 KB slab; but a Buffer of its own costs 300 bytes and more of heap and an entry in the
 * collector's list of external memory, which for a stream of 200-byte events is more than the data.
 */
const COPY_BELOW_BYTES = 4096;
const FIRST_SLAB_BYTES = 2048;
/** Streams in step take a new one all at once: at 64 KB a thousand of them made V8 collect everything. */
const LARGEST_SLAB_BYTES = 8192;

/** The first `limit` bytes of a body, cheaply. Never alters or outlives what it is given without need. */
export class ByteStore {
  readonly #chunks: Buffer[] = [];
  #slab: Buffer | null = null;
  #used = 0;
  #nextSlab = FIRST_SLAB_BYTES;
  #kept = 0;
  #seen = 0;
  #taken = 0;

  /** `room`: asked for whatever goes beyond the free bytes; where it has none, the store is full. */
  constructor(
    private limit: number,
    private readonly room: CaptureRoom | null = null,
  ) {}

  /** Bytes offered. */
  get seen(): number {
    return this.#seen;
  }

  /** Bytes kept. */
  get kept(): number {
    return this.#kept;
  }

  push(chunk: Buffer): void {
    this.#seen += chunk.length;
    const room = this.limit - this.#kept;
    if (room <= 0 || chunk.length === 0) return;
    const part = chunk.length > room ? chunk.subarray(0, room) : chunk;
    if (!this.#mayHold(part.length)) {
      this.limit = this.#kept;
      return;
    }
    this.#kept += part.length;
    if (part.length < COPY_BELOW_BYTES) this.#copy(part);
    else {
      this.#flush();
      this.#chunks.push(part);
    }
  }

  /** What was kept, in order; at most `max` bytes of it. */
  chunks(max = this.#kept): Buffer[] {
    this.#flush();
    // A copy: more may be pushed while somebody holds it.
    if (max >= this.#kept) return [...this.#chunks];
    const kept: Buffer[] = [];
    let room = max;
    for (const chunk of this.#chunks) {
      if (room <= 0) break;
      kept.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      room -= chunk.length;
    }
    return kept;
  }

  /** Full from now on, and its room somebody else's. What was handed out stays with whom it was handed to. */
  release(): void {
    this.clear();
    this.limit = 0;
    this.room?.give(this.#taken);
    this.#taken = 0;
  }

  clear(): void {
    this.#chunks.length = 0;
    this.#slab = null;
    this.#used = 0;
    this.#kept = 0;
    this.#nextSlab = FIRST_SLAB_BYTES;
  }

  concat(): Buffer {
    const [first, ...more] = this.chunks();
    if (first === undefined) return Buffer.alloc(0);
    return more.length === 0 ? first : Buffer.concat([first, ...more]);
  }

  #mayHold(bytes: number): boolean {
    if (this.room === null) return true;
    const over = this.#kept + bytes - Math.max(this.#kept, FREE_CAPTURE_BYTES);
    if (over <= 0) return true;
    if (!this.room.tryTake(over)) return false;
    this.#taken += over;
    return true;
  }

  #copy(part: Buffer): void {
    let from = 0;
    while (from < part.length) {
      const slab = this.#slab ?? this.#newSlab();
      const copied = part.copy(slab, this.#used, from);
      from += copied;
      this.#used += copied;
      if (this.#used === slab.length) this.#flush();
    }
  }

  #newSlab(): Buffer {
    // Not from Node's shared pool: a slab lives as long as its request.
    const slab = Buffer.allocUnsafeSlow(this.#nextSlab);
    this.#nextSlab = Math.min(this.#nextSlab * 2, LARGEST_SLAB_BYTES);
    this.#slab = slab;
    this.#used = 0;
    return slab;
  }

  /** Closes the slab: what is in it becomes a chunk; the rest is used by the next small ones. */
  #flush(): void {
    if (this.#slab === null || this.#used === 0) return;
    this.#chunks.push(this.#slab.subarray(0, this.#used));
    const rest = this.#slab.subarray(this.#used);
    this.#slab = rest.length === 0 ? null : rest;
    this.#used = 0;
  }
}
