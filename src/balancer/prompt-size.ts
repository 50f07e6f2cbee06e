/** English prose and JSON. */
const BYTES_PER_TOKEN = 4;
/** No prompt is longer than the longest window there is. */
export const LONGEST_PROMPT = 1_000_000;
/** In shorter bodies an image is too small to matter, and not worth a search. */
const SEARCHED_BYTES = 65_536;
const INLINE = Buffer.from(';base64,');
const QUOTE = 0x22;
/** An image takes about a thousand tokens, however many bytes it has; a file some more as it grows. */
const INLINE_ITEM_BYTES = 4_000;
const INLINE_SHARE = 0.01;

/** Tokens that a text of this length may hold. */
export function likelyTokens(bytes: number): number {
  return Math.min(LONGEST_PROMPT, Math.ceil(bytes / BYTES_PER_TOKEN));
}

/** As much text as the body (JSON, decoded) is worth: images and files inside it, in base64, take far less than their length. */
export function promptBytes(body: Buffer): number {
  if (body.length < SEARCHED_BYTES) return body.length;
  let bytes = body.length;
  for (let at = body.indexOf(INLINE); at >= 0; at = body.indexOf(INLINE, at)) {
    const begin = at + INLINE.length;
    at = body.indexOf(QUOTE, begin);
    const length = (at < 0 ? body.length : at) - begin;
    bytes -= Math.max(0, length - INLINE_ITEM_BYTES - Math.ceil(length * INLINE_SHARE));
    if (at < 0) break;
  }
  return bytes;
}
