/** One buffer, or several that follow each other: what has to be put together need not be copied. */
export type OutgoingBody = Buffer | readonly Buffer[];

const SLICE_BYTES = 256 * 1024;

export function bytesOf(body: OutgoingBody | null): number {
  if (body === null || Buffer.isBuffer(body)) return body?.length ?? 0;
  return body.reduce((sum, piece) => sum + piece.length, 0);
}

export function joined(body: OutgoingBody): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.concat(body);
}

/** Large bodies are handed over piece by piece under back pressure, so that "sent" means the last piece was taken. */
export function* slices(body: OutgoingBody): Generator<Buffer> {
  for (const piece of Buffer.isBuffer(body) ? [body] : body)
    for (let at = 0; at < piece.length; at += SLICE_BYTES) yield piece.subarray(at, at + SLICE_BYTES);
}
