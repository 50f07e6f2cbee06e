import * as zlib from 'node:zlib';
import type { Transform } from 'node:stream';
import { ProxyError } from './errors.js';

/** A stream that undoes one content coding and counts how much of its input it has used. */
export type Decoder = Transform & { readonly bytesWritten: number };

export type BodyCoding = 'gzip' | 'deflate' | 'br' | 'zstd';

const CHUNK = { chunkSize: 64 * 1024 };
/**
 * RFC 9659: the most a decoder of the `zstd` content coding has to offer, 8 MB. The library's own limit is 128 MB, which
 * six bytes of a frame header could ask for. The number of the parameter is `ZSTD_d_windowLogMax`.
 */
const ZSTD_WINDOW = { ...CHUNK, params: { 100: 23 } };

/** Of Node 22.15 and later; the types here are those of the oldest Node supported. */
const createZstd: unknown = Reflect.get(zlib, 'createZstdDecompress');

const DECODERS: ReadonlyMap<string, readonly [BodyCoding, () => Decoder]> = new Map([
  ['gzip', ['gzip', () => zlib.createGunzip(CHUNK)] as const],
  // RFC 9110 8.4.1.3: the same coding by its old name.
  ['x-gzip', ['gzip', () => zlib.createGunzip(CHUNK)] as const],
  ['deflate', ['deflate', () => zlib.createInflate(CHUNK)] as const],
  ['br', ['br', () => zlib.createBrotliDecompress(CHUNK)] as const],
  ...(typeof createZstd === 'function'
    ? [['zstd', ['zstd', () => createZstd(ZSTD_WINDOW) as Decoder] as const] as const]
    : []),
]);

/** Codings of request bodies that this process can read, as clients name them. */
export const ACCEPTED_CODINGS: readonly BodyCoding[] = [
  ...new Set([...DECODERS.values()].map(([coding]) => coding)),
];

/**
 * The coding that a `content-encoding` header names; null = none. Throws `unsupported_content_encoding` for one that
 * cannot be read here, and for several on top of each other: no client needs them, and each would multiply the size.
 */
export function codingOf(header: string | undefined): BodyCoding | null {
  const name = header?.trim().toLowerCase() ?? 'identity';
  if (name === 'identity') return null;
  const found = knownCoding(name);
  if (found !== null) return found;
  throw new ProxyError(
    'unsupported_content_encoding',
    `Request bodies with content-encoding "${name.slice(0, 40)}" cannot be read here${whyUnknown(name)}. ` +
      `Send one of ${ACCEPTED_CODINGS.join(', ')}, or the body uncompressed.`,
    { param: 'content-encoding' },
  );
}

/** By the name that a header has for it; null = none that can be undone here. */
export function knownCoding(name: string): BodyCoding | null {
  return DECODERS.get(name.trim().toLowerCase())?.[0] ?? null;
}

/** `: …`, or nothing where there is no more to say. */
export function whyUnknown(name: string): string {
  if (name === 'zstd') return `: that takes Node 22.15 or later, and this is ${process.version}`;
  return name.includes(',') ? ': one coding at most' : '';
}

export function createDecoder(coding: BodyCoding): Decoder {
  const found = DECODERS.get(coding);
  if (found === undefined) throw new Error(`no decoder for ${coding}`);
  return found[1]();
}
