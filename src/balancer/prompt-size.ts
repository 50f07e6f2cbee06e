/** English prose and JSON; images are far less than their bytes. */
const BYTES_PER_TOKEN = 4;
/** No prompt is longer than the longest window there is. */
export const LONGEST_PROMPT = 1_000_000;

/** Tokens that a body of this length may hold. */
export function likelyTokens(bytes: number): number {
  return Math.min(LONGEST_PROMPT, Math.ceil(bytes / BYTES_PER_TOKEN));
}
