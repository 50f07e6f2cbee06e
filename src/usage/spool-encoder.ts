import type { BodyRecord, TelemetryRecord } from './records.js';
import { HEADER_BYTES, sealHeader } from './spool-frame.js';
import type { CapturedBody } from './spool.js';

const SCRATCH_BYTES = 256 * 1024;
/** UTF-16 code units never take more than three bytes of UTF-8. */
const WORST_UTF8 = 3;
/** Copying this much costs less than one more buffer in a system call and in a checksum. */
const INLINE_BODY_BYTES = 64 * 1024;
/** One checksum call over joined chunks beats many over small ones. */
const JOIN_ABOVE = 8;

/** A record ready for its place in a segment; the marker goes in last, when the segment is known. */
export interface EncodedRecord {
  /** Header, JSON, and the body unless it is large. */
  readonly head: Buffer;
  readonly jsonLength: number;
  /** What is not in `head` of the body. */
  readonly body: readonly Buffer[];
  readonly bodyLength: number;
  readonly total: number;
}

/**
 * Turns records into frames, those of one append side by side in one buffer, which the next append uses again:
 * `reset`, encode, write.
 */
export class SpoolEncoder {
  readonly #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);
  #used = 0;

  reset(): void {
    this.#used = 0;
  }

  record(record: TelemetryRecord): EncodedRecord {
    return this.#encode(record, [], 0);
  }

  body(record: BodyRecord, { chunks }: Pick<CapturedBody, 'chunks'>): EncodedRecord {
    let length = 0;
    for (const chunk of chunks) length += chunk.length;
    return this.#encode(record, chunks, length);
  }

  /** The frames as few buffers as possible. */
  pieces(frames: readonly EncodedRecord[]): Buffer[] {
    const pieces: Buffer[] = [];
    let last: Buffer | null = null;
    for (const { head, body } of frames) {
      const adjoins: boolean = last !== null && this.#adjoin(last, head);
      last = adjoins && last !== null ? this.#joined(last, head) : head;
      if (adjoins) pieces[pieces.length - 1] = last;
      else pieces.push(last);
      if (body.length === 0) continue;
      pieces.push(...body);
      last = null;
    }
    return pieces;
  }

  #encode(record: TelemetryRecord, chunks: readonly Buffer[], bodyLength: number): EncodedRecord {
    const json = JSON.stringify(record);
    const inline = bodyLength <= INLINE_BODY_BYTES;
    const worst = HEADER_BYTES + json.length * WORST_UTF8 + (inline ? bodyLength : 0);
    const own = worst > this.#scratch.length - this.#used;
    const target = own ? Buffer.allocUnsafe(worst) : this.#scratch;
    const start = own ? 0 : this.#used;
    const jsonLength = target.write(json, start + HEADER_BYTES, 'utf8');
    let end = start + HEADER_BYTES + jsonLength;
    if (inline) for (const chunk of chunks) end += chunk.copy(target, end);
    if (!own) this.#used = end;
    const head = target.subarray(start, end);
    const apart = inline ? [] : chunks.length > JOIN_ABOVE ? [Buffer.concat(chunks)] : chunks;
    return { head, jsonLength, body: apart, bodyLength, total: HEADER_BYTES + jsonLength + bodyLength };
  }

  #adjoin(left: Buffer, right: Buffer): boolean {
    return (
      left.buffer === this.#scratch.buffer &&
      right.buffer === left.buffer &&
      left.byteOffset + left.length === right.byteOffset
    );
  }

  #joined(left: Buffer, right: Buffer): Buffer {
    return this.#scratch.subarray(left.byteOffset, left.byteOffset + left.length + right.length);
  }
}

export function seal(frame: EncodedRecord, marker: Buffer): void {
  sealHeader(frame.head, marker, frame.jsonLength, frame.body, frame.bodyLength);
}
