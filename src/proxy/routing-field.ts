import { isAscii, isUtf8 } from 'node:buffer';
import { ProxyError } from '../common/errors.js';
import type { JsonScanner } from '../common/json-scanner.js';

export const MAX_ID_CHARACTERS = 512;
export const MAX_MODEL_CHARACTERS = 256;
/** No string this long can decode to one within the limits: six bytes is the longest spelling of a character. */
const MAX_RAW_BYTES = MAX_ID_CHARACTERS * 6;

export function invalidField(param: string, what: string): ProxyError {
  return new ProxyError('invalid_field', `"${param}" ${what}.`, { param });
}

/** A routing string; null when the value is `null`. It decides where a request goes, so it must be readable in one way only. */
export function readRoutingString(
  scanner: JsonScanner,
  param: string,
  maxCharacters = MAX_ID_CHARACTERS,
): string | null {
  if (!scanner.atString()) return readNull(scanner, param, 'a string');
  const start = scanner.pos + 1;
  const end = scanner.skipString();
  return decodeRoutingString(scanner.bytes.subarray(start, end), param, maxCharacters);
}

/** Decodes what stands between the quotes. */
export function decodeRoutingString(raw: Buffer, param: string, maxCharacters = MAX_ID_CHARACTERS): string {
  const tooLong = `is longer than ${maxCharacters} characters`;
  if (raw.length > MAX_RAW_BYTES) throw invalidField(param, tooLong);
  if (!isAscii(raw) && !isUtf8(raw)) throw invalidField(param, 'is not valid UTF-8');
  const text = parseString(raw.toString('utf8'), param);
  if (text.length > maxCharacters) throw invalidField(param, tooLong);
  // `null` bytes cannot be stored by every database, and lone surrogates not be written as UTF-8.
  if (text.includes('\0')) throw invalidField(param, 'holds a NUL character');
  if (/\p{Surrogate}/u.test(text)) throw invalidField(param, 'holds half a surrogate pair');
  return text;
}

function parseString(raw: string, param: string): string {
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch (cause: unknown) {
    throw new ProxyError('invalid_json', `"${param}" is not a valid JSON string.`, { param, cause });
  }
}

export function readRoutingBoolean(scanner: JsonScanner, param: string): boolean | null {
  const byte = scanner.bytes[scanner.pos];
  if (byte !== 0x74 && byte !== 0x66) return readNull(scanner, param, 'true or false');
  scanner.skipValue();
  return byte === 0x74;
}

/** Consumes a `null`, which means absent; anything else is the wrong type. */
export function readNull(scanner: JsonScanner, param: string, wanted: string): null {
  const isNull = scanner.bytes[scanner.pos] === 0x6e;
  scanner.skipValue();
  if (!isNull) throw invalidField(param, `must be ${wanted}`);
  return null;
}
