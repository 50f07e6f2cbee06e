import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { packBody, unpackBody } from './body-codec.js';

const history = Buffer.from(
  JSON.stringify({ input: Array.from({ length: 2_000 }, (_, n) => ({ n, text: 'word' })) }),
);

describe('a captured body', () => {
  it('is stored smaller and comes back as it was', async () => {
    const { codec, content } = await packBody(history, false);
    expect(codec).toBe('br');
    expect(content.length).toBeLessThan(history.length / 4);
    expect((await unpackBody(codec, content, history.length)).equals(history)).toBe(true);
  });

  it('is stored as it is where that saves nothing', async () => {
    const short = history.subarray(0, 1_000);
    expect(await packBody(short, false)).toEqual({ codec: 'none', content: short });
    expect(await packBody(history, true)).toEqual({ codec: 'none', content: history });
    expect(await unpackBody('none', short, short.length)).toBe(short);
  });

  it('of before is read, too', async () => {
    expect((await unpackBody('gzip', gzipSync(history), history.length)).equals(history)).toBe(true);
  });

  it('that is stored as nobody here knows, or is longer than it says, is no content', async () => {
    await expect(unpackBody('zstd', history, history.length)).rejects.toThrow('cannot read');
    const { codec, content } = await packBody(history, false);
    await expect(unpackBody(codec, content, history.length - 1)).rejects.toThrow();
  });
});
