import { scanFrames } from './spool-frame.js';
import { readRange, type SegmentFile } from './spool-segment.js';
import type { SpooledRecord } from './telemetry-queue.js';

const MAX_RECORDS = 200;
const CHUNK_BYTES = 1024 * 1024;

export interface SegmentBatch {
  readonly records: readonly SpooledRecord[];
  /** Where to go on. */
  readonly next: number;
  readonly torn: number;
}

/** The next records of a segment file between two offsets, at most 200; one larger than a chunk comes alone. */
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
