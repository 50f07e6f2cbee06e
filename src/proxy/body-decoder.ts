import { ProxyError } from '../common/errors.js';
import { BodyCollector } from '../common/body-collector.js';
import { createDecoder, type BodyCoding, type Decoder } from '../common/body-coding.js';

/** A bomb of 300 bytes holds 200 MB. What agents send shrinks to a fifth, a tenth at most. */
const MOST_GROWTH = 100;

/**
 * The plain bytes of a coded request body, for reading the routing fields out of them; what goes upstream is the body
 * as it came. zlib works on threads of its own and hands over small pieces, so nothing waits for it but this request,
 * and a bomb is stopped at the piece that goes over the limit. `onBytes` hears of each piece before it is kept and may
 * throw. Throws `body_too_large`, `invalid_json` where the bytes are not what the header says, or what `onBytes` throws.
 */
export function decodeRequestBody(
  body: Buffer,
  coding: BodyCoding,
  maxBodyBytes: number,
  onBytes: (bytes: number) => void,
): Promise<Buffer> {
  const most = Math.min(maxBodyBytes, body.length * MOST_GROWTH);
  return new Promise((resolve, reject) => {
    const plain = new BodyCollector();
    const decoder = createDecoder(coding);
    const fail = (error: unknown): void => {
      decoder.destroy();
      reject(error instanceof Error ? error : new Error(String(error)));
    };
    decoder.on('data', (chunk: Buffer) => {
      if (plain.size + chunk.length > most) return fail(tooLarge(coding, most, maxBodyBytes));
      try {
        onBytes(chunk.length);
      } catch (error: unknown) {
        return fail(error);
      }
      plain.push(chunk);
    });
    decoder.once('error', (cause: Error) => fail(broken(coding, cause)));
    decoder.once('end', () => {
      // Node does not tell when zstd is cut short, but then little or nothing comes out, and it is not JSON.
      if (plain.size === 0) fail(broken(coding, new Error('nothing is in it')));
      else if (leftOver(decoder, body)) fail(broken(coding, new Error('bytes follow its end')));
      else resolve(plain.concat());
    });
    decoder.end(body);
  });
}

/** Bytes behind the end of the coded content: another reader might take them for the body. */
function leftOver(decoder: Decoder, body: Buffer): boolean {
  return decoder.bytesWritten < body.length;
}

function tooLarge(coding: BodyCoding, most: number, maxBodyBytes: number): ProxyError {
  const limit =
    most < maxBodyBytes ? `${MOST_GROWTH} times its size` : `${maxBodyBytes} bytes (PROXY_MAX_BODY_BYTES)`;
  return new ProxyError(
    'body_too_large',
    `The ${coding} request body decodes to more than ${limit}. Send less, or send it uncompressed.`,
  );
}

function broken(coding: BodyCoding, cause: Error): ProxyError {
  return new ProxyError(
    'invalid_json',
    `The request body cannot be decoded as its content-encoding says (${coding}: ${cause.message}). Send the body that the header describes.`,
    { cause },
  );
}
