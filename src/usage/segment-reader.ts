import { frameLengths, HEADER_BYTES, MARKER_BYTES, scanFrames } from './spool-frame.js';
import { readRange, type SegmentFile } from './spool-segment.js';
import type { SpooledRecord } from './telemetry-queue.js';

const MAX_RECORDS = 500;
const CHUNK_BYTES = 4 * 1024 * 1024;

export interface SegmentBatch {
  readonly records: readonly SpooledRecord[];
  /** Where to go on. */
  readonly next: number;
  readonly torn: number;
}

/** The next records of a segment file between two offsets, at most 500; one larger than a chunk comes alone. */
export async function readBatch(segment: SegmentFile, from: number, to: number): Promise<SegmentBatch> {
  let size = Math.min(CHUNK_BYTES, to - from);
  for (;;) {
    const buffer = await readRange(segment.path, from, from + size);
    // A file shorter than expected ends here, whatever `to` says.
    const remaining = buffer.length < size ? buffer.length : to - from;
    const scan = scanFrames(buffer, segment.marker, MAX_RECORDS, remaining);
    const stuck = scan.records.length === 0 && scan.consumed === 0 && scan.needed > buffer.length;
    if (stuck) {
      size = scan.needed;
      continue;
    }
    const next = buffer.length < size && scan.consumed >= buffer.length ? to : from + scan.consumed;
    return { records: scan.records, next, torn: scan.torn };
  }
}

/** Records in the first `size` bytes of a segment file by their headers, damaged ones among them: cheap, not exact. */
export async function countRecords(segment: SegmentFile, size: number): Promise<number> {
  let records = 0;
  for (let offset = 0; offset < size;) {
    const buffer = await readRange(segment.path, offset, Math.min(offset + CHUNK_BYTES, size));
    const counted = countHeaders(buffer, segment.marker);
    if (counted.next === 0) break; // less than a header is left
    records += counted.records;
    offset += counted.next;
  }
  return records;
}

function countHeaders(buffer: Buffer, marker: Buffer): { readonly records: number; readonly next: number } {
  let records = 0;
  let at = 0;
  while (buffer.length - at >= HEADER_BYTES) {
    const lengths = frameLengths(buffer, at, marker);
    if (lengths !== null) {
      records += 1;
      at += HEADER_BYTES + lengths.json + lengths.body;
      continue;
    }
    const found = buffer.indexOf(marker, at + 1);
    at = found >= 0 ? found : buffer.length - MARKER_BYTES + 1;
  }
  return { records, next: at };
}
