import { randomBytes } from 'node:crypto';
import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants } from 'node:zlib';
import type { TelemetryRecord } from './records.js';
import { type EncodedRecord, seal, SpoolEncoder } from './spool-encoder.js';
import { MARKER_BYTES, scanFrames } from './spool-frame.js';
import type { SpooledRecord } from './telemetry-queue.js';

/** Of records and bodies. The drainer's batches have 4 MB at most, or one record; a larger one does not travel. */
const MAX_BYTES = 64 * 1024 * 1024;
/** What Redis is given at once, in characters. */
const MAX_TEXT = 32 * 1024 * 1024;
const MAX_RECORDS = 10_000;
const KINDS: ReadonlySet<unknown> = new Set(['started', 'finished', 'body', 'event']);

const compress = promisify(brotliCompress);
const decompress = promisify(brotliDecompress);
/** A third of the time of deflate's fastest, and smaller. */
const QUALITY = 1;
const LEAST_PIECE = 64 * 1024;

/** As in a segment file: a marker and sealed frames; compressed, as text. Null when it is too large to travel. */
export async function encodeBatch(batch: readonly SpooledRecord[]): Promise<string | null> {
  const marker = randomBytes(MARKER_BYTES);
  const encoder = new SpoolEncoder();
  const frames = batch.map((spooled) => encodeRecord(encoder, spooled));
  const total = frames.reduce((sum, frame) => sum + frame.total, MARKER_BYTES);
  if (total > MAX_BYTES) return null;
  for (const frame of frames) seal(frame, marker);
  const plain = Buffer.concat([marker, ...encoder.pieces(frames)], total);
  const params = { [constants.BROTLI_PARAM_QUALITY]: QUALITY, [constants.BROTLI_PARAM_SIZE_HINT]: total };
  const packed = await compress(plain, { params, chunkSize: Math.max(LEAST_PIECE, total >> 1) });
  return Math.ceil(packed.length / 3) * 4 > MAX_TEXT ? null : packed.toString('base64');
}

/** What `encodeBatch` made. Throws on anything else: it comes from a server that others may write to. */
export async function decodeBatch(text: unknown): Promise<readonly SpooledRecord[]> {
  if (typeof text !== 'string' || text.length > MAX_TEXT) throw new TypeError('not a batch of records');
  const packed = Buffer.from(text, 'base64');
  const chunkSize = Math.max(LEAST_PIECE, Math.min(MAX_BYTES, packed.length * 4));
  const plain = await decompress(packed, { maxOutputLength: MAX_BYTES, chunkSize });
  const marker = plain.subarray(0, MARKER_BYTES);
  const frames = plain.subarray(MARKER_BYTES);
  const { records, consumed, torn } = scanFrames(frames, marker, MAX_RECORDS, frames.length);
  if (torn > 0 || consumed !== frames.length || records.length === 0 || !records.every(isKnown))
    throw new TypeError('a damaged batch of records');
  return records;
}

function encodeRecord(encoder: SpoolEncoder, { record, body }: SpooledRecord): EncodedRecord {
  if (record.t !== 'body') return encoder.record(record);
  return encoder.body(record, { chunks: body === null ? [] : [body] });
}

function isKnown({ record }: SpooledRecord): boolean {
  const { t, id, at } = record as { [K in keyof TelemetryRecord]: unknown };
  return KINDS.has(t) && typeof id === 'string' && typeof at === 'number';
}
