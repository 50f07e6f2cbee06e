import { randomBytes } from 'node:crypto';

const POOL_BYTES = 4096;
let pool = randomBytes(POOL_BYTES);
let offset = 0;

/** `bytes` random bytes as hex, taken from a pool: one system call for hundreds of ids. */
function randomHex(bytes: number): string {
  if (offset + bytes > pool.length) {
    pool = randomBytes(POOL_BYTES);
    offset = 0;
  }
  const hex = pool.toString('hex', offset, offset + bytes);
  offset += bytes;
  return hex;
}

export type IdPrefix = 'req' | 'dec' | 'evt' | 'inst' | 'prov' | 'mdl' | 'key' | 'aud' | 'batch';

/**
 * An id that sorts by creation time: `<prefix>_<12 hex of epoch ms><20 hex random>`. Made in code, never by a
 * database, so that a record has its id before anything is written.
 */
export function newId(prefix: IdPrefix, now: number): string {
  return `${prefix}_${now.toString(16).padStart(12, '0')}${randomHex(10)}`;
}
