/** Longest escaped spelling of a wanted name that is still decoded: six bytes (`\u0061`) per character. */
const BYTES_PER_ESCAPED_CHARACTER = 6;
const LONG_S = /\u017f/g;

/**
 * The member names wanted at one level of a document. Compares bytes, so that the millions of names that are not
 * wanted cost a length check and at most a few byte compares, and no string.
 */
export class KeyTable {
  readonly names: readonly string[];
  readonly #byLength: readonly (readonly { readonly index: number; readonly bytes: Buffer }[] | undefined)[];
  readonly #byName: ReadonlyMap<string, number>;
  readonly #longestEscaped: number;

  /**
   * At most 31 names: the duplicate check keeps one bit for each. `watchesCase`: names that differ from a wanted one in
   * the case of their letters are told apart from others, in small letters all.
   */
  constructor(
    names: readonly string[],
    readonly watchesCase = false,
  ) {
    this.names = names;
    const byLength: { index: number; bytes: Buffer }[][] = [];
    names.forEach((name, index) => {
      const bytes = Buffer.from(name);
      (byLength[bytes.length] ??= []).push({ index, bytes });
    });
    // Filled without holes: a holey lookup by length costs more than the compare it saves.
    this.#byLength = Array.from(byLength, (entries) => entries);
    this.#byName = new Map(names.map((name, index) => [name, index]));
    this.#longestEscaped = (byLength.length - 1) * BYTES_PER_ESCAPED_CHARACTER;
  }

  /** Index of the name whose bytes are `bytes[start, end)`, or -1. For names without escapes. */
  find(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    const entries = length < this.#byLength.length ? this.#byLength[length] : undefined;
    if (entries === undefined) return -1;
    for (const entry of entries) {
      let i = 0;
      while (i < length && bytes[start + i] === entry.bytes[i]) i++;
      if (i === length) return entry.index;
    }
    return -1;
  }

  /** The wanted name that an unwanted one is in other capitals, as Go folds them; null = none. `escaped`: it may hold a backslash. */
  otherCase(bytes: Buffer, start: number, end: number, escaped: boolean): string | null {
    if (escaped || !isAscii(bytes, start, end)) return this.#decodedOtherCase(bytes, start, end);
    for (const entry of this.#byLength[end - start] ?? [])
      if (sameLetters(bytes, start, entry.bytes)) return this.names[entry.index] ?? null;
    return null;
  }

  #decodedOtherCase(bytes: Buffer, start: number, end: number): string | null {
    if (end - start > this.#longestEscaped) return null;
    try {
      const name = String(JSON.parse(bytes.toString('utf8', start - 1, end + 1)));
      // The long s and the sign of Kelvin are letters in other clothes; the second is folded by `toLowerCase`.
      const folded = name.toLowerCase().replace(LONG_S, 's');
      return this.#byName.has(folded) ? folded : null;
    } catch {
      // No name that anybody could read.
      return null;
    }
  }

  /**
   * The same for a name that holds a backslash. `null` = not valid JSON. A name too long to be any spelling of a
   * wanted one is not decoded.
   */
  findEscaped(bytes: Buffer, start: number, end: number): number | null {
    if (end - start > this.#longestEscaped) return -1;
    try {
      const name: unknown = JSON.parse(bytes.toString('utf8', start - 1, end + 1));
      return typeof name === 'string' ? (this.#byName.get(name) ?? -1) : null;
    } catch {
      // A bad escape in a name: the caller refuses the document.
      return null;
    }
  }
}

/** By hand: a view of each name costs more than looking at it. */
function isAscii(bytes: Buffer, start: number, end: number): boolean {
  let bits = 0;
  for (let i = start; i < end; i++) bits |= bytes[i] ?? 0;
  return bits < 0x80;
}

function sameLetters(bytes: Buffer, start: number, name: Buffer): boolean {
  let i = 0;
  while (i < name.length && ((bytes[start + i] ?? 0) | 0x20) === ((name[i] ?? 0) | 0x20)) i++;
  return i === name.length;
}
