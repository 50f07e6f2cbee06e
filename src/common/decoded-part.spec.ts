import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodedPart } from './decoded-part.js';

const TEXT = Buffer.from('{"input":"say hello"}'.repeat(20_000));
const MOST = 1_000_000;

describe('as much of a coded body as can be read', () => {
  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ] as const)('is all of it in %s', async (coding, encode) => {
    const { plain, cut, broken } = await decodedPart(encode(TEXT), coding, MOST);
    expect({ same: plain.equals(TEXT), cut, broken }).toEqual({ same: true, cut: false, broken: null });
  });

  it('is what came before the end of one that was cut short', async () => {
    const coded = gzipSync(TEXT, { level: 0 });
    const { plain, cut, broken } = await decodedPart(coded.subarray(0, coded.length / 2), 'gzip', MOST);
    expect(plain.length).toBeGreaterThan(100_000);
    expect(TEXT.subarray(0, plain.length).equals(plain)).toBe(true);
    expect({ cut, broken }).toEqual({ cut: false, broken: 'unexpected end of file' });
  });

  it('is nothing of what is no gzip at all, and says so', async () => {
    expect(await decodedPart(TEXT, 'gzip', MOST)).toEqual({
      plain: Buffer.alloc(0),
      cut: false,
      broken: 'incorrect header check',
    });
  });

  it('ends at the limit, whatever a bomb holds', async () => {
    const bomb = gzipSync(Buffer.alloc(50_000_000));
    const { plain, cut, broken } = await decodedPart(bomb, 'gzip', MOST);
    expect({ length: plain.length, cut, broken }).toEqual({ length: MOST, cut: true, broken: null });
  });
});
