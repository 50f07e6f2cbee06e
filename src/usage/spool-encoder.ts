import type { BodyRecord, TelemetryRecord } from './records.js';
import { HEADER_BYTES, sealHeader } from './spool-frame.js';
import type { CapturedBody } from './spool.js';

const SCRATCH_BYTES = 256 * 1024;
/** UTF-16 code units never take more than three bytes of UTF-8. */
const WORST_UTF8 = 3;
/** One checksum call over joined chunks beats many over small ones. */
const JOIN_ABOVE = 8;

/** A record ready for its place in a segment; the marker goes in last, when the segment is known. */
export interface EncodedRecord {
  readonly head: Buffer;
  readonly jsonLength: number;
  readonly body: readonly Buffer[];
  readonly bodyLength: number;
  readonly total: number;
}

/** Turns records into frames. The buffer of a plain record is reused by the next one: append it first. */
export class SpoolEncoder {
  #scratch = Buffer.allocUnsafeSlow(SCRATCH_BYTES);

  record(record: TelemetryRecord): EncodedRecord {
    const json = JSON.stringify(record);
    const worst = HEADER_BYTES + json.length * WORST_UTF8;
    const target = worst <= this.#scratch.length ? this.#scratch : Buffer.allocUnsafe(worst);
    const jsonLength = target.write(json, HEADER_BYTES, 'utf8');
    const total = HEADER_BYTES + jsonLength;
    return { head: target.subarray(0, total), jsonLength, body: [], bodyLength: 0, total };
  }

  body(record: BodyRecord, captured: CapturedBody): EncodedRecord {
    const json = Buffer.from(JSON.stringify(record));
    const head = Buffer.allocUnsafe(HEADER_BYTES + json.length);
    json.copy(head, HEADER_BYTES);
    const body = captured.chunks.length > JOIN_ABOVE ? [Buffer.concat(captured.chunks)] : captured.chunks;
    let bodyLength = 0;
    for (const chunk of body) bodyLength += chunk.length;
    return { head, jsonLength: json.length, body, bodyLength, total: head.length + bodyLength };
  }
}

export function seal(frame: EncodedRecord, marker: Buffer): void {
  sealHeader(frame.head, 0, marker, frame.jsonLength, frame.body, frame.bodyLength);
}
