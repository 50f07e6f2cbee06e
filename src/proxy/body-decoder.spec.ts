import { randomBytes } from 'node:crypto';
import * as zlib from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BROTLI_BOMB } from '../../test/support/brotli-bomb.js';
import { ProxyError } from '../common/errors.js';
import { ACCEPTED_CODINGS, type BodyCoding } from '../common/body-coding.js';
import { decodeRequestBody } from './body-decoder.js';

type Encode = (plain: Buffer) => Buffer;

/** Of Node 22.15 and later. */
const zstd = Reflect.get(zlib, 'zstdCompressSync') as Encode | undefined;
if (zstd === undefined)
  console.warn(`\n*** SKIPPED: zstd bodies, which ${process.version} cannot read ***\n`);

const ENCODERS: readonly (readonly [BodyCoding, Encode])[] = [
  ['gzip', (plain) => zlib.gzipSync(plain)],
  ['deflate', (plain) => zlib.deflateSync(plain)],
  ['br', (plain) => zlib.brotliCompressSync(plain)],
  ...(zstd === undefined ? [] : [['zstd', zstd] as const]),
];

const MAX = 10_000_000;
const decode = (body: Buffer, coding: BodyCoding, max = MAX): Promise<Buffer> =>
  decodeRequestBody(body, coding, max, () => undefined);

async function failure(act: Promise<unknown>): Promise<ProxyError> {
  const error: unknown = await act.catch((e: unknown) => e);
  if (error instanceof ProxyError) return error;
  throw new Error(`expected a refusal, got ${String(error)}`);
}

describe('a coded request body', () => {
  it('has an encoder here for every coding that is accepted', () => {
    expect(ENCODERS.map(([coding]) => coding)).toEqual(ACCEPTED_CODINGS);
  });

  it.each(ENCODERS)('in %s decodes to what was sent', async (coding, encode) => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 200_000 }), async (bytes) => {
        const plain = Buffer.from(bytes);
        expect((await decode(encode(plain), coding)).equals(plain)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it.each(ENCODERS)('in %s counts each decoded byte once, before it is kept', async (coding, encode) => {
    const plain = Buffer.from(
      JSON.stringify({ input: Array.from({ length: 20_000 }, (_, i) => `line ${i}`) }),
    );
    let counted = 0;
    await decodeRequestBody(encode(plain), coding, MAX, (bytes) => (counted += bytes));
    expect(counted).toBe(plain.length);
  });

  it.each(ENCODERS)('in %s stops where there is no room for it', async (coding, encode) => {
    const plain = randomBytes(300_000);
    let counted = 0;
    const full = new ProxyError('overloaded', 'full');
    const act = decodeRequestBody(encode(plain), coding, MAX, (bytes) => {
      counted += bytes;
      throw full;
    });
    expect(await failure(act)).toBe(full);
    expect(counted).toBeLessThan(plain.length);
  });

  it.each(ENCODERS)('in %s is refused over the limit of a body', async (coding, encode) => {
    const plain = Buffer.from(Array.from({ length: 5_000 }, (_, i) => (i * 7919) % 256));
    expect((await decode(encode(plain), coding, 5_000)).length).toBe(5_000);
    const error = await failure(decode(encode(plain), coding, 4_999));
    expect(error.code).toBe('body_too_large');
    expect(error.message).toContain('PROXY_MAX_BODY_BYTES');
  });

  it.each(ENCODERS)('in %s is refused at a hundred times its size', async (coding, encode) => {
    let kept = 0;
    const bomb = encode(Buffer.alloc(MAX - 1, ' '));
    const error = await failure(
      decodeRequestBody(bomb, coding, MAX, (bytes) => {
        kept += bytes;
      }),
    );
    expect(error.code).toBe('body_too_large');
    expect(error.message).toContain('100 times');
    expect(kept).toBeLessThanOrEqual(bomb.length * 100);
  });

  it.each(ENCODERS)('in %s that is cut, altered or followed by more is not valid', async (coding, encode) => {
    const whole = encode(Buffer.from(JSON.stringify({ model: 'gpt-5.5', input: 'x'.repeat(50) })));
    const bodies = [
      whole.subarray(0, whole.length - 5),
      whole.subarray(0, 3),
      Buffer.concat([whole, Buffer.from('{"model":"other"}')]),
      Buffer.from('{"model":"gpt-5.5"}'),
    ];
    for (const body of bodies) expect((await failure(decode(body, coding))).code).toBe('invalid_json');
  });
});

describe('a br bomb of 316 bytes', () => {
  it('is stopped at once', async () => {
    let kept = 0;
    const act = decodeRequestBody(BROTLI_BOMB, 'br', 64 * 1024 * 1024, (bytes) => (kept += bytes));
    expect((await failure(act)).code).toBe('body_too_large');
    expect(kept).toBeLessThanOrEqual(BROTLI_BOMB.length * 100);
  });
});
