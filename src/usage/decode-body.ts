import { brotliDecompressSync, constants, gunzipSync, inflateSync } from 'node:zlib';

const MAX_DECODED_BYTES = 10_485_760;

/**
 * A coded body as plain bytes, at most 10 MB of them; null when the coding is unknown, doubled, broken or a bomb. The
 * upstream is asked for `identity`: this is for one that does not listen. A body cut short gives what is there.
 */
export function decodeBody(body: Buffer, coding: string): Buffer | null {
  const options = { maxOutputLength: MAX_DECODED_BYTES, finishFlush: constants.Z_SYNC_FLUSH };
  try {
    switch (coding.trim().toLowerCase()) {
      case 'gzip':
      case 'x-gzip':
        return gunzipSync(body, options);
      case 'deflate':
        return inflateSync(body, options);
      case 'br':
        return brotliDecompressSync(body, {
          maxOutputLength: MAX_DECODED_BYTES,
          finishFlush: constants.BROTLI_OPERATION_FLUSH,
        });
      default:
        return null;
    }
  } catch {
    // Broken or too large: the client gets it as it is, accounting goes without.
    return null;
  }
}
