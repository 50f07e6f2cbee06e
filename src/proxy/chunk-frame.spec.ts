import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunkFrame } from './chunk-frame.js';

describe('a chunk of the chunked coding', () => {
  it('is its length in hex, its data as it came, and nothing else', () => {
    const parts = fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(parts, (arrays) => {
        const data = Buffer.concat(arrays);
        fc.pre(data.length > 0);
        const frame = chunkFrame(
          arrays.map((array) => Buffer.from(array)),
          data.length,
        );
        const expected = [Buffer.from(`${data.length.toString(16)}\r\n`), data, Buffer.from('\r\n')];
        expect(frame.equals(Buffer.concat(expected))).toBe(true);
      }),
    );
  });

  it.each([1, 15, 16, 255, 256, 4_095, 4_096, 65_535, 65_536, 1_048_576])('of %i bytes', (length) => {
    const frame = chunkFrame([Buffer.alloc(length, 'x')], length);
    expect(frame.toString('latin1')).toBe(`${length.toString(16)}\r\n${'x'.repeat(length)}\r\n`);
  });
});
