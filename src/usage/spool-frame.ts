import { crc32 } from 'node:zlib';
import type { SpooledRecord } from './telemetry-queue.js';
import type { TelemetryRecord } from './records.js';

/**
 * One record in a segment file:
 *
 *     marker (8) | JSON length (4) | body length (4) | CRC-32 of all that follows and both lengths (4) | JSON | body
 *
 * The marker is random and different for every segment file (its name carries it), so that no captured body, however
 * its author chose it, can pass for a record when a reader has to find its place again behind damaged bytes.
 */
export const MARKER_BYTES = 8;
export const HEADER_BYTES = MARKER_BYTES + 12;
const CRC_AT = MARKER_BYTES + 8;
/** More than any record can have; a length beyond it is damage. */
const MAX_JSON = 64 * 1024 * 1024;
const MAX_BODY = 1024 * 1024 * 1024;

/** Writes the 20 bytes before the JSON. `frame` holds the JSON right behind them, and the body unless it is in `apart`. */
export function sealHeader(
  frame: Buffer,
  marker: Buffer,
  jsonLength: number,
  apart: readonly Buffer[],
  bodyLength: number,
): void {
  marker.copy(frame);
  frame.writeUInt32LE(jsonLength, MARKER_BYTES);
  frame.writeUInt32LE(bodyLength, MARKER_BYTES + 4);
  let crc = crc32(frame.subarray(MARKER_BYTES, CRC_AT));
  crc = crc32(frame.subarray(HEADER_BYTES), crc);
  for (const chunk of apart) crc = crc32(chunk, crc);
  frame.writeUInt32LE(crc, CRC_AT);
}

export interface FrameScan {
  readonly records: SpooledRecord[];
  /** Bytes consumed: up to the first byte of the record that did not fit any more. */
  consumed: number;
  /** Damaged stretches skipped. */
  torn: number;
  /** Bytes the next record needs when the buffer holds only its beginning; 0 otherwise. */
  needed: number;
}

/**
 * Reads whole records from `buffer`, of which `remaining` bytes (the buffer's own included) are in the file: a record
 * that ends beyond them is torn, not merely waiting for more bytes.
 */
export function scanFrames(buffer: Buffer, marker: Buffer, maxRecords: number, remaining: number): FrameScan {
  const last = remaining <= buffer.length;
  const scan: FrameScan = { records: [], consumed: 0, torn: 0, needed: 0 };
  let damaged = false;
  while (scan.records.length < maxRecords && scan.consumed < buffer.length) {
    const frame = readFrame(buffer, scan.consumed, marker);
    if (frame.kind === 'record') {
      scan.records.push(frame.record);
      scan.consumed += frame.size;
      damaged = false;
      continue;
    }
    if (frame.kind === 'short' && frame.size <= remaining - scan.consumed) {
      scan.needed = frame.size;
      break;
    }
    if (!damaged) scan.torn++;
    damaged = true;
    const next = buffer.indexOf(marker, scan.consumed + 1);
    // A marker may begin in the last bytes of a buffer that is not the end of the file.
    if (next >= 0) scan.consumed = next;
    else scan.consumed = last ? buffer.length : Math.max(scan.consumed + 1, buffer.length - MARKER_BYTES + 1);
  }
  return scan;
}

type Frame =
  | { readonly kind: 'record'; readonly record: SpooledRecord; readonly size: number }
  | { readonly kind: 'short'; readonly size: number }
  | { readonly kind: 'damaged' };

/** Lengths of the record that begins at `at`, unchecked; null when none begins there or the header is cut. */
export function frameLengths(
  buffer: Buffer,
  at: number,
  marker: Buffer,
): { readonly json: number; readonly body: number } | null {
  if (buffer.length - at < HEADER_BYTES) return null;
  if (buffer.compare(marker, 0, MARKER_BYTES, at, at + MARKER_BYTES) !== 0) return null;
  const json = buffer.readUInt32LE(at + MARKER_BYTES);
  const body = buffer.readUInt32LE(at + MARKER_BYTES + 4);
  return json > MAX_JSON || body > MAX_BODY ? null : { json, body };
}

function readFrame(buffer: Buffer, at: number, marker: Buffer): Frame {
  const rest = buffer.length - at;
  const compared = Math.min(rest, MARKER_BYTES);
  if (buffer.compare(marker, 0, compared, at, at + compared) !== 0) return { kind: 'damaged' };
  if (rest < HEADER_BYTES) return { kind: 'short', size: HEADER_BYTES };
  const jsonLength = buffer.readUInt32LE(at + MARKER_BYTES);
  const bodyLength = buffer.readUInt32LE(at + MARKER_BYTES + 4);
  if (jsonLength > MAX_JSON || bodyLength > MAX_BODY) return { kind: 'damaged' };
  const size = HEADER_BYTES + jsonLength + bodyLength;
  if (rest < size) return { kind: 'short', size };
  const payload = buffer.subarray(at + HEADER_BYTES, at + size);
  const crc = crc32(payload, crc32(buffer.subarray(at + MARKER_BYTES, at + CRC_AT)));
  if (crc !== buffer.readUInt32LE(at + CRC_AT)) return { kind: 'damaged' };
  return parsed(payload, jsonLength, size);
}

function parsed(payload: Buffer, jsonLength: number, size: number): Frame {
  try {
    const record = JSON.parse(payload.toString('utf8', 0, jsonLength)) as TelemetryRecord;
    return {
      kind: 'record',
      record: { record, body: record.t === 'body' ? payload.subarray(jsonLength) : null },
      size,
    };
  } catch {
    return { kind: 'damaged' };
  }
}
