import { promisify } from 'node:util';
import { brotliCompress, brotliDecompress, constants, gunzip } from 'node:zlib';

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_SIZE_HINT } = constants;
const brotli = promisify(brotliCompress);
const unbrotli = promisify(brotliDecompress);
const ungzip = promisify(gunzip);

/** How the content of a captured body is stored. `gzip` is read only: bodies of before `br` have it. */
export type BodyCodec = 'br' | 'gzip' | 'none';

/** Below this a page of the database is not saved. */
const WORTH_COMPRESSING = 16 * 1024;
/** Fast rather than small: less than half the time of gzip's fastest, and smaller than it. */
const QUALITY = 1;
/** The result in one piece, mostly: each piece is a way to the pool and back. */
const MOST_PIECE = 1024 * 1024;

/** Off the main thread. `coded`: the upstream, or the client, has compressed it already. */
export async function packBody(
  content: Buffer,
  coded: boolean,
): Promise<{ readonly codec: BodyCodec; readonly content: Buffer }> {
  if (coded || content.length < WORTH_COMPRESSING) return { codec: 'none', content };
  const params = {
    [BROTLI_PARAM_QUALITY]: QUALITY,
    [BROTLI_PARAM_SIZE_HINT]: content.length,
  };
  const chunkSize = Math.min(MOST_PIECE, Math.max(WORTH_COMPRESSING, content.length >> 1));
  return { codec: 'br', content: await brotli(content, { params, chunkSize }) };
}

/** Rejects when the content is damaged or longer than `size`, and for what a newer version has stored. */
export async function unpackBody(codec: string, content: Buffer, size: number): Promise<Buffer> {
  const limit = { maxOutputLength: Math.max(1, size) };
  if (codec === 'br') return unbrotli(content, limit);
  if (codec === 'gzip') return ungzip(content, limit);
  if (codec === 'none') return content;
  throw new Error(`a captured body is stored as "${codec}", which this version cannot read`);
}
