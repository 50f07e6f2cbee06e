import { ProxyError } from './errors.js';
import type { KeyTable } from './key-table.js';

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const BACKSLASH = 0x5c;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const MAX_DEPTH = 128;
/** Of what is looked at one by one, which keeps everybody else waiting: a hundred times what any conversation has. */
const MAX_PARTS = 100_000;
/** Of all that is looked at together: ten members of each element. */
const MAX_PARTS_IN_ALL = 1_000_000;
/** Bytes looked at here before asking native code for the next quote: a call costs 14 ns, as much as this loop. */
const NEAR = 24;
const LITERALS = [Buffer.from('true'), Buffer.from('false'), Buffer.from('null')] as const;

export interface ByteSpan {
  readonly start: number;
  readonly end: number;
}

/**
 * Reads wanted members out of a JSON document without building it: one pass over the raw bytes, no recursion into
 * what is skipped. Where it reads (the levels visited by `members` and `elements`) it accepts what `JSON.parse`
 * accepts and nothing else. What it skips is checked for complete strings and balanced brackets only: syntax errors
 * down there, and inside strings nobody asked for, are left to the reader who wants those parts.
 *
 * Every failure is `ProxyError('invalid_json')`, or `duplicate_key` where the caller asked for that check.
 */
export class JsonScanner {
  pos = 0;
  /** A name of a table that watches for it, which came in other capitals. */
  otherCase: string | null = null;
  #depth = 0;
  #parts = 0;
  /** Whether the string last skipped holds a backslash; may be true without one for long strings. */
  #escaped = false;
  readonly #length: number;
  readonly #closers = new Uint8Array(MAX_DEPTH + 2);

  constructor(readonly bytes: Buffer) {
    this.#length = bytes.length;
  }

  /** The whole document as one object: nothing may follow it. */
  document(table: KeyTable, path: string | null, visit: (key: number) => void): void {
    this.space();
    if (this.pos >= this.#length) this.fail('The body is empty');
    if (this.bytes[this.pos] === 0xef) this.fail('The body starts with a byte order mark');
    if (this.bytes[this.pos] !== OPEN_OBJECT) this.fail('The body is not a JSON object');
    this.members(table, path, visit);
    this.space();
    if (this.pos < this.#length) this.fail('Something follows the JSON object');
  }

  /**
   * The members of the object at `pos`; `visit` gets the index of each wanted name and must consume its value.
   * With a `path` (`''` or `'metadata.'`) a wanted name that comes twice is refused; with `null` it is visited twice.
   */
  members(table: KeyTable, path: string | null, visit: (key: number) => void): void {
    this.#enter(CLOSE_OBJECT);
    if (this.#closes(CLOSE_OBJECT)) return;
    let seen = 0;
    for (let count = 1; ; count++) {
      if (count > MAX_PARTS) this.fail(`An object of the body has more than ${MAX_PARTS} members`);
      this.#look();
      const key = this.#name(table);
      if (key < 0) {
        this.skipValue();
      } else {
        if (path !== null && (seen & (1 << key)) !== 0) this.#duplicate(path + (table.names[key] ?? ''));
        seen |= 1 << key;
        visit(key);
      }
      if (this.#last(CLOSE_OBJECT)) return;
    }
  }

  /** The elements of the array at `pos`; `visit` must consume each. */
  elements(visit: () => void): void {
    this.#enter(CLOSE_ARRAY);
    if (this.#closes(CLOSE_ARRAY)) return;
    for (let count = 1; ; count++) {
      if (count > MAX_PARTS) this.fail(`An array of the body has more than ${MAX_PARTS} elements`);
      this.#look();
      visit();
      if (this.#last(CLOSE_ARRAY)) return;
    }
  }

  atString(): boolean {
    return this.bytes[this.pos] === QUOTE;
  }

  atObject(): boolean {
    return this.bytes[this.pos] === OPEN_OBJECT;
  }

  atArray(): boolean {
    return this.bytes[this.pos] === OPEN_ARRAY;
  }

  /** Consumes any value and answers where it is. */
  valueSpan(): ByteSpan {
    const start = this.pos;
    this.skipValue();
    return { start, end: this.pos };
  }

  skipValue(): void {
    const byte = this.bytes[this.pos];
    if (byte === QUOTE) this.skipString();
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) this.#skipContainer();
    else this.#skipScalar();
  }

  /** `pos` is at the opening quote; afterwards behind the closing one, whose index is the answer. */
  skipString(): number {
    const bytes = this.bytes;
    let i = this.pos + 1;
    this.#escaped = false;
    const near = Math.min(i + NEAR, this.#length);
    while (i < near) {
      const byte = bytes[i];
      if (byte === QUOTE) {
        this.pos = i + 1;
        return i;
      }
      if (byte === BACKSLASH) {
        this.#escaped = true;
        i++;
      }
      i++;
    }
    this.#escaped = true;
    const end = endOfString(bytes, i);
    if (end < 0) this.fail('The body ends inside a string');
    this.pos = end + 1;
    return end;
  }

  space(): void {
    const bytes = this.bytes;
    let byte = bytes[this.pos];
    while (byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09) byte = bytes[++this.pos];
  }

  fail(what: string): never {
    const at = Math.min(this.pos, this.#length);
    throw new ProxyError('invalid_json', `${what} (byte ${at} of ${this.#length}). Send one JSON object.`);
  }

  #duplicate(name: string): never {
    throw new ProxyError(
      'duplicate_key',
      `The body names "${name}" twice, so two readers could disagree about it. Send it once.`,
      { param: name },
    );
  }

  #look(): void {
    if (++this.#parts > MAX_PARTS_IN_ALL)
      this.fail(`The objects and arrays of the body have more than ${MAX_PARTS_IN_ALL} members in all`);
  }

  #name(table: KeyTable): number {
    if (this.bytes[this.pos] !== QUOTE) this.fail('Expected a member name in quotes');
    const start = this.pos + 1;
    const end = this.skipString();
    const key = this.#escaped
      ? table.findEscaped(this.bytes, start, end)
      : table.find(this.bytes, start, end);
    if (key === null) this.fail('A member name has a bad escape');
    if (key < 0 && table.watchesCase)
      this.otherCase ??= table.otherCase(this.bytes, start, end, this.#escaped);
    this.space();
    if (this.bytes[this.pos] !== COLON) this.fail('Expected ":" after a member name');
    this.pos++;
    this.space();
    return key;
  }

  #enter(closer: number): void {
    if (++this.#depth > MAX_DEPTH) this.fail(`The body is nested deeper than ${MAX_DEPTH} levels`);
    this.#closers[this.#depth] = closer;
    this.pos++;
    this.space();
  }

  #closes(closer: number): boolean {
    if (this.bytes[this.pos] !== closer) return false;
    this.pos++;
    this.#depth--;
    return true;
  }

  /** After a value: false behind a comma, true behind the closing bracket. */
  #last(closer: number): boolean {
    this.space();
    const byte = this.bytes[this.pos];
    if (byte === COMMA) {
      this.pos++;
      this.space();
      return false;
    }
    if (this.#closes(closer)) return true;
    return this.fail(byte === undefined ? 'The body is cut short' : 'Expected "," or a closing bracket');
  }

  #skipContainer(): void {
    const bytes = this.bytes;
    const closers = this.#closers;
    const base = this.#depth;
    let depth = base;
    do {
      const byte = bytes[this.pos];
      if (byte === QUOTE) {
        this.skipString();
        continue;
      }
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        if (++depth > MAX_DEPTH) this.fail(`The body is nested deeper than ${MAX_DEPTH} levels`);
        // In ASCII each closing bracket is two behind its opening one.
        closers[depth] = byte + 2;
      } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
        if (closers[depth] !== byte) this.fail('A closing bracket does not match');
        depth--;
      } else if (byte === undefined) {
        this.fail('The body is cut short');
      }
      this.pos++;
    } while (depth > base);
  }

  #skipScalar(): void {
    const start = this.pos;
    // Digits and the minus come before every letter; a body may hold millions of numbers.
    const end = (this.bytes[start] ?? 0) > 0x39 ? this.#endOfLiteral(start) : endOfNumber(this.bytes, start);
    if (end < 0) this.fail(start >= this.#length ? 'The body is cut short' : 'Expected a JSON value');
    this.pos = end;
  }

  #endOfLiteral(start: number): number {
    for (const literal of LITERALS) {
      if (this.bytes[start] !== literal[0]) continue;
      const end = start + literal.length;
      return this.bytes.compare(literal, 0, literal.length, start, Math.min(end, this.#length)) === 0
        ? end
        : -1;
    }
    return -1;
  }
}

/** Index of the quote that ends a string, searched from `from` (inside it, not behind a lone backslash), or -1. */
function endOfString(bytes: Buffer, from: number): number {
  let i = from;
  for (;;) {
    const quote = bytes.indexOf(QUOTE, i);
    if (quote < 0) return -1;
    let first = quote;
    while (first > i && bytes[first - 1] === BACKSLASH) first--;
    if (((quote - first) & 1) === 0) return quote;
    i = quote + 1;
  }
}

function isDigit(byte: number | undefined): boolean {
  return byte !== undefined && byte >= 0x30 && byte <= 0x39;
}

function skipDigits(bytes: Buffer, from: number): number {
  let i = from;
  while (isDigit(bytes[i])) i++;
  return i;
}

/** End of the JSON number at `start`, or -1. By hand: a number may be megabytes long and is never wanted whole. */
function endOfNumber(bytes: Buffer, start: number): number {
  let i = bytes[start] === 0x2d ? start + 1 : start;
  if (!isDigit(bytes[i])) return -1;
  i = bytes[i] === 0x30 ? i + 1 : skipDigits(bytes, i);
  if (bytes[i] === 0x2e) {
    if (!isDigit(bytes[i + 1])) return -1;
    i = skipDigits(bytes, i + 1);
  }
  if (bytes[i] === 0x65 || bytes[i] === 0x45) {
    const sign = bytes[i + 1];
    i += sign === 0x2b || sign === 0x2d ? 2 : 1;
    if (!isDigit(bytes[i])) return -1;
    i = skipDigits(bytes, i);
  }
  return i;
}
