const SLAB_BYTES = 16 * 1024;

/**
 * Gathers a body that arrives in pieces. Small pieces are copied together: a chunk of one byte costs about sixty bytes
 * as an object of its own, and a client may send millions of them.
 */
export class BodyCollector {
  readonly #parts: Buffer[] = [];
  #slab: Buffer | null = null;
  #used = 0;
  size = 0;

  push(chunk: Buffer): void {
    this.size += chunk.length;
    if (chunk.length >= SLAB_BYTES) {
      this.#seal();
      this.#parts.push(chunk);
      return;
    }
    if (this.#slab !== null && this.#used + chunk.length > SLAB_BYTES) this.#seal();
    // The first piece of a body is most often the whole of it, and is kept as it came.
    if (this.#slab === null && this.#parts.length === 0) {
      this.#parts.push(chunk);
      return;
    }
    this.#slab ??= Buffer.allocUnsafeSlow(SLAB_BYTES);
    chunk.copy(this.#slab, this.#used);
    this.#used += chunk.length;
  }

  concat(): Buffer {
    this.#seal();
    const [only] = this.#parts;
    return this.#parts.length === 1 && only !== undefined ? only : Buffer.concat(this.#parts, this.size);
  }

  #seal(): void {
    if (this.#slab === null) return;
    this.#parts.push(this.#slab.subarray(0, this.#used));
    this.#slab = null;
    this.#used = 0;
  }
}
