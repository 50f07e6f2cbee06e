import { randomBytes } from 'node:crypto';
import { open } from 'node:fs/promises';
import { closeSync, ftruncateSync, openSync, rmSync, writeSync, writevSync } from 'node:fs';
import { join } from 'node:path';
import { MARKER_BYTES } from './spool-frame.js';

const NAME = /^(\d{8})-([0-9a-f]{16})\.seg$/;

/** A segment file of some spool directory, by name. */
export interface SegmentFile {
  readonly path: string;
  readonly sequence: number;
  readonly marker: Buffer;
}

export function parseSegmentName(directory: string, name: string): SegmentFile | null {
  const match = NAME.exec(name);
  if (match === null) return null;
  const [, sequence, marker] = match;
  return {
    path: join(directory, name),
    sequence: Number(sequence),
    marker: Buffer.from(marker as string, 'hex'),
  };
}

/** One append-only file of this process. Throws what the file system throws; never leaves half a record behind. */
export class SpoolSegment implements SegmentFile {
  readonly path: string;
  readonly marker = randomBytes(MARKER_BYTES);
  /** Bytes of whole records. */
  written = 0;
  /** Bytes that SQL has. */
  acknowledged = 0;
  readonly #fd: number;
  #closed = false;

  constructor(
    directory: string,
    readonly sequence: number,
  ) {
    const name = `${String(sequence).padStart(8, '0')}-${this.marker.toString('hex')}.seg`;
    this.path = join(directory, name);
    this.#fd = openSync(this.path, 'ax', 0o600);
  }

  /** In one system call, `total` bytes in all. */
  append(pieces: readonly Buffer[], total: number): void {
    const [only] = pieces;
    if (pieces.length === 1 && only !== undefined) this.#settle(total, () => writeSync(this.#fd, only));
    else this.#settle(total, () => writevSync(this.#fd, pieces));
  }

  /** No more appends; reading goes on by path. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    closeSync(this.#fd);
  }

  /** A file that cannot be removed is delivered again by whoever adopts it: harmless. */
  remove(): void {
    this.close();
    try {
      rmSync(this.path, { force: true });
    } catch {
      // A disk that has become read-only.
    }
  }

  #settle(total: number, write: () => number): void {
    let done = 0;
    try {
      done = write();
      if (done !== total)
        throw Object.assign(new Error('disk took only part of a record'), { code: 'ENOSPC' });
      this.written += total;
    } catch (e: unknown) {
      this.#takeBack();
      throw e;
    }
  }

  /** Best effort: what cannot be cut off is skipped by its checksum. */
  #takeBack(): void {
    try {
      ftruncateSync(this.#fd, this.written);
    } catch {
      // The reader stops at `written`; the next record would follow a torn one, which it skips.
    }
  }
}

/** Bytes `from` to `to` of a file. */
export async function readRange(path: string, from: number, to: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const buffer = Buffer.allocUnsafe(to - from);
    let filled = 0;
    while (filled < buffer.length) {
      const { bytesRead } = await file.read(buffer, filled, buffer.length - filled, from + filled);
      if (bytesRead === 0) break;
      filled += bytesRead;
    }
    return buffer.subarray(0, filled);
  } finally {
    await file.close();
  }
}
