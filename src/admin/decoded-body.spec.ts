import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { decodedBody } from './decoded-body.js';

const body = (content: Buffer, content_encoding: string | null, truncated = false) => ({
  direction: 'response' as const,
  content_type: 'application/json',
  content_encoding,
  size: content.length,
  captured_size: content.length,
  truncated,
  content,
});
const TEXT = Buffer.from('{"output":"hello"}');

describe('a captured body without its content coding', () => {
  it.each([null, 'identity', ' IDENTITY '])('is as it was where it has none (%s)', async (coding) => {
    expect(await decodedBody(body(TEXT, coding))).toEqual({ content: TEXT, note: null });
  });

  it('says that its end is missing when it was captured in part', async () => {
    const part = gzipSync(TEXT).subarray(0, 24);
    const { note } = await decodedBody(body(part, 'X-Gzip', true));
    expect(note).toBe('It was captured in part only, so its end is missing.');
    expect((await decodedBody(body(TEXT, null, true))).note).toBe(note);
  });

  it('says that it is broken, and with what', async () => {
    expect(await decodedBody(body(TEXT, 'gzip'))).toEqual({
      content: Buffer.alloc(0),
      note: 'Its gzip is broken (incorrect header check): this is what comes before that.',
    });
  });

  it.each([
    ['compress', 'cannot be undone here. Leave'],
    ['gzip, br', 'one coding at most'],
    ['a\r\nset-cookie: b', '"aset-cookie: b"'],
  ])('names a coding that cannot be undone (%s)', async (coding, said) => {
    await expect(decodedBody(body(TEXT, coding))).rejects.toMatchObject({
      code: 'invalid_parameter',
      message: expect.stringContaining(said) as string,
      options: { param: 'decoded' },
    });
  });

  it('stops a bomb at ten megabytes', async () => {
    const { content, note } = await decodedBody(body(gzipSync(Buffer.alloc(30_000_000)), 'gzip'));
    expect([content.length, note]).toEqual([10_000_000, 'Of the decoded body, the first 10 MB.']);
  });
});
