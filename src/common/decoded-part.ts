import { createDecoder, type BodyCoding } from './body-coding.js';
import { BodyCollector } from './body-collector.js';

export interface DecodedPart {
  readonly plain: Buffer;
  /** It goes on behind `plain`. */
  readonly cut: boolean;
  /** Where the coded bytes are not what they should be, or end early, in zlib's words. */
  readonly broken: string | null;
}

/**
 * As much of a coded body as can be read, at most `most` bytes of it: for people, who rather see the beginning of
 * something broken than nothing. Never rejects. As in `decodeRequestBody` zlib works on threads of its own, and a bomb is
 * stopped at the piece that goes over the limit.
 */
export function decodedPart(body: Buffer, coding: BodyCoding, most: number): Promise<DecodedPart> {
  return new Promise((resolve) => {
    const plain = new BodyCollector();
    const decoder = createDecoder(coding);
    const settle = (cut: boolean, broken: string | null): void => {
      decoder.destroy();
      resolve({ plain: plain.concat(), cut, broken });
    };
    decoder.on('data', (chunk: Buffer) => {
      const room = most - plain.size;
      plain.push(chunk.subarray(0, room));
      if (chunk.length > room) settle(true, null);
    });
    decoder.on('error', (error: Error) => settle(false, error.message));
    decoder.once('end', () => settle(false, null));
    decoder.end(body);
  });
}
