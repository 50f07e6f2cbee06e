import { open, type FileHandle } from 'node:fs/promises';
import type { TelemetryRecord } from './records.js';
import { frameLengths, HEADER_BYTES, scanFrames } from './spool-frame.js';
import type { SegmentFile } from './spool-segment.js';

const WINDOW_BYTES = 256 * 1024;

/**
 * The records of a segment file that carry no body, in order. Bodies are stepped over unread, so that a file of
 * megabytes costs kilobytes. Damaged bytes are searched for the next record.
 */
export async function* scanUnbodied({ path, marker }: SegmentFile): AsyncGenerator<TelemetryRecord> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    let window: Window = { from: 0, bytes: Buffer.alloc(0) };
    for (let at = 0; at + HEADER_BYTES <= size;) {
      window = await covering(file, window, at, HEADER_BYTES);
      const lengths = frameLengths(window.bytes, at - window.from, marker);
      const end = lengths === null ? Infinity : at + HEADER_BYTES + lengths.json + lengths.body;
      if (end > size) {
        at = nextMarker(window, at, marker);
        continue;
      }
      if (lengths?.body === 0) {
        window = await covering(file, window, at, end - at);
        const frame = window.bytes.subarray(at - window.from, end - window.from);
        // Checked here; one that fails is skipped, as damage is.
        for (const { record } of scanFrames(frame, marker, 1, frame.length).records) yield record;
      }
      at = end;
    }
  } finally {
    await file.close();
  }
}

/** A part of the file in memory. */
interface Window {
  readonly from: number;
  readonly bytes: Buffer;
}

/** One that holds `length` bytes at `at`, or all there are. */
async function covering(file: FileHandle, window: Window, at: number, length: number): Promise<Window> {
  if (at >= window.from && at + length <= window.from + window.bytes.length) return window;
  const bytes = Buffer.allocUnsafe(Math.max(WINDOW_BYTES, length));
  const { bytesRead } = await file.read(bytes, 0, bytes.length, at);
  return { from: at, bytes: bytes.subarray(0, bytesRead) };
}

/** Behind `at`: where the next record begins, or where to look on. One may begin in the last bytes that were seen. */
function nextMarker(window: Window, at: number, marker: Buffer): number {
  const found = window.bytes.indexOf(marker, at + 1 - window.from);
  if (found >= 0) return window.from + found;
  return Math.max(at + 1, window.from + window.bytes.length - marker.length + 1);
}
