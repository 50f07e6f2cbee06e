import { ByteStore } from './byte-store.js';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const COLON = 0x3a;
const LETTER_U = 0x75;
const SPACES: ReadonlySet<number> = new Set([0x20, 0x09, 0x0a, 0x0d]);
/** No id, message or number that accounting reads is longer. */
const LONG_STRING_BYTES = 8_192;
const MAX_TEXT_BYTES = 16_777_216;
/** Items are known again by a digest over the whole of this. */
const SEALED = Buffer.from('encrypted_content');

/**
 * A JSON text without the tails of its long strings, as it comes in: what is left of an answer of fifty megabytes is a
 * few kilobytes that read the same for whoever looks for ids, status and usage. Valid JSON stays valid JSON.
 */
export class JsonThinner {
  readonly #out = new ByteStore(MAX_TEXT_BYTES);
  #inString = false;
  #dropping = false;
  /** Bytes of the current string so far. */
  #length = 0;
  /** Bytes that still belong to an escape. */
  #escape = 0;
  /** Bytes of `encrypted_content` that the current string has matched; -1 = it is another one. */
  #match = 0;
  /** 1: the last string was `encrypted_content`; 2: and a colon followed it. */
  #sealedName = 0;
  /** The part that is dropped ended in an odd number of backslashes. */
  #odd = false;

  constructor(private readonly longBytes = LONG_STRING_BYTES) {}

  push(chunk: Buffer): void {
    let from = 0;
    let at = 0;
    while (at < chunk.length) {
      if (this.#dropping) {
        at = this.#closingQuote(chunk, at);
        from = at;
        continue;
      }
      const byte = chunk[at] ?? 0;
      if (this.#inString && this.#isTooLong(byte)) {
        this.#out.push(chunk.subarray(from, at));
        this.#dropping = true;
        continue;
      }
      if (this.#inString) this.#inside(byte);
      else this.#outside(byte);
      at += 1;
    }
    if (from < at) this.#out.push(chunk.subarray(from, at));
  }

  /** Null when even this was too much to hold. */
  text(): Buffer | null {
    return this.#out.seen > this.#out.kept ? null : this.#out.concat();
  }

  /** Never within an escape or a character. */
  #isTooLong(byte: number): boolean {
    return (
      this.#length >= this.longBytes &&
      this.#escape === 0 &&
      byte !== QUOTE &&
      (byte & 0xc0) !== 0x80 &&
      this.#sealedName !== 2
    );
  }

  #outside(byte: number): void {
    if (byte === QUOTE) {
      this.#inString = true;
      this.#length = 0;
      this.#match = 0;
    } else if (byte === COLON && this.#sealedName === 1) this.#sealedName = 2;
    else if (!SPACES.has(byte)) this.#sealedName = 0;
  }

  #inside(byte: number): void {
    if (this.#escape > 0) {
      this.#escape = this.#escape === 5 ? (byte === LETTER_U ? 4 : 0) : this.#escape - 1;
    } else if (byte === QUOTE) {
      this.#endString();
      return;
    } else if (byte === BACKSLASH) this.#escape = 5;
    this.#length += 1;
    this.#match = this.#match >= 0 && byte === SEALED[this.#match] ? this.#match + 1 : -1;
  }

  #endString(): void {
    this.#inString = false;
    this.#dropping = false;
    this.#sealedName = this.#match === SEALED.length ? 1 : 0;
  }

  /** Where the string that is dropped ends: natively searched, since it may be megabytes. The chunk's length when not here. */
  #closingQuote(chunk: Buffer, start: number): number {
    let from = start;
    for (;;) {
      const found = chunk.indexOf(QUOTE, from);
      const end = found < 0 ? chunk.length : found;
      let backslashes = end;
      while (backslashes > from && chunk[backslashes - 1] === BACKSLASH) backslashes -= 1;
      const carried = backslashes === from && this.#odd ? 1 : 0;
      this.#odd = (end - backslashes + carried) % 2 === 1;
      if (found < 0) return chunk.length;
      if (!this.#odd) {
        // The quote itself is passed on by whoever called.
        this.#match = -1;
        this.#dropping = false;
        return found;
      }
      this.#odd = false;
      from = found + 1;
    }
  }
}
