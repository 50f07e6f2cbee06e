import { createHash } from 'node:crypto';

/** Most digests kept of one document: the newest items are the ones the next turn replays. */
export const MAX_SEALED_DIGESTS = 8;

const PREFIX_BYTES = 512;
const DIGEST_CHARACTERS = 16;

/**
 * Names a piece of encrypted content without keeping it. Request and response must agree, so it is taken from the
 * content and not from its spelling: bytes with an escape (`\/`, `\u003d`) are decoded first. `raw` is what stands
 * between the quotes. Null for an empty or unreadable value.
 */
export function sealedDigest(raw: Buffer): string | null {
  const content = raw.includes(0x5c) ? decode(raw) : raw;
  if (content === null || content.length === 0) return null;
  return createHash('sha1')
    .update(content.subarray(0, PREFIX_BYTES))
    .update(`:${content.length}`)
    .digest('base64url')
    .slice(0, DIGEST_CHARACTERS);
}

function decode(raw: Buffer): Buffer | null {
  try {
    return Buffer.from(String(JSON.parse(`"${raw.toString('utf8')}"`)));
  } catch {
    // A bad escape: whoever reads the content will refuse it.
    return null;
  }
}
