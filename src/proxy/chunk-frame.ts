const HEX = Buffer.from('0123456789abcdef', 'latin1');
const CR = 13;
const LF = 10;

/**
 * One chunk of the chunked coding (RFC 9112, 7.1) that holds `parts`, `length` bytes in all and at least one, in one piece.
 * Node writes length, data and both line ends by themselves: four buffers and a `writev` for each event of a stream.
 */
export function chunkFrame(parts: readonly Buffer[], length: number): Buffer {
  const digits = hexDigits(length);
  const frame = Buffer.allocUnsafe(digits + length + 4);
  let rest = length;
  for (let at = digits - 1; at >= 0; at -= 1) {
    frame[at] = HEX[rest & 15] as number;
    rest >>>= 4;
  }
  let at = lineEnd(frame, digits);
  for (const part of parts) at += part.copy(frame, at);
  lineEnd(frame, at);
  return frame;
}

function hexDigits(length: number): number {
  return Math.max(1, Math.ceil((32 - Math.clz32(length)) / 4));
}

/** Where the next byte goes. */
function lineEnd(frame: Buffer, at: number): number {
  frame[at] = CR;
  frame[at + 1] = LF;
  return at + 2;
}
