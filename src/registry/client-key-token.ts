import { createHash, randomBytes } from 'node:crypto';
import { crc32 } from 'node:zlib';

const PREFIX = 'rpx_';
const SECRET_BYTES = 32;
const RADIX = 36;
/** 36^50 > 2^256, 36^7 > 2^32. */
const SECRET_CHARACTERS = 50;
const CHECKSUM_CHARACTERS = 7;
const SHAPE = new RegExp(`^${PREFIX}[0-9a-z]{${SECRET_CHARACTERS + CHECKSUM_CHARACTERS}}$`);
const SHOWN_CHARACTERS = PREFIX.length + 6;

/** A new client key: 256 random bits and a checksum, in letters and digits that a double click takes whole. */
export function newClientKey(): string {
  const secret = BigInt(`0x${randomBytes(SECRET_BYTES).toString('hex')}`)
    .toString(RADIX)
    .padStart(SECRET_CHARACTERS, '0');
  return PREFIX + secret + checksum(PREFIX + secret);
}

/** Whether it could be one of ours: a mistyped or made-up key is turned away before anything is looked up. */
export function isClientKey(text: string): boolean {
  return (
    SHAPE.test(text) && checksum(text.slice(0, -CHECKSUM_CHARACTERS)) === text.slice(-CHECKSUM_CHARACTERS)
  );
}

/** What is stored instead of the key. 256 random bits need no salt and no slow hash. */
export function clientKeyDigest(key: string): string {
  return createHash('sha256').update(key).digest('hex');
}

/** The part by which people tell keys apart. */
export function shownPrefix(key: string): string {
  return key.slice(0, SHOWN_CHARACTERS);
}

function checksum(text: string): string {
  return crc32(text).toString(RADIX).padStart(CHECKSUM_CHARACTERS, '0');
}
