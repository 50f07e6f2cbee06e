/** An event of a stream brings about one token, and is about as long. */
export const BYTES_PER_STREAMED_TOKEN = 256;

/** More than any event of text needs; an image comes as hundreds of kilobytes of base64, and costs about as much. */
const MOST_TOKENS = 100;

/** What an event, or an answer that is no stream, counts for by its length; bytes. */
export function countedLength(bytes: number): number {
  return Math.min(bytes, MOST_TOKENS * BYTES_PER_STREAMED_TOKEN);
}
