import { brotliDecompressSync, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';

const WINDOW = 12;
/** A packed text within a packed text is as deep as anybody here goes. */
const MAX_DEPTH = 2;

/** Looks for secrets in anything, whole or 12 characters of them: plain, reversed, base64, hex, percent-encoded, as a list of bytes, compressed. */
export class CanarySearch {
  readonly #windows = new Map<string, string>();
  /** Characters looked through, so that a search of nothing is noticed. */
  searched = 0;

  constructor(secrets: Readonly<Record<string, string>>) {
    for (const [name, secret] of Object.entries(secrets))
      for (const form of [secret, [...secret].reverse().join('')])
        for (let i = 0; i + WINDOW <= form.length; i++) this.#windows.set(form.slice(i, i + WINDOW), name);
  }

  /** What was found, as `place: name of the secret`. */
  in(place: string, text: string | Buffer): string[] {
    const found = new Set<string>();
    for (const layer of layersOf(Buffer.from(text as string), 0)) {
      this.searched += layer.length;
      for (let i = 0; i + WINDOW <= layer.length; i++) {
        const name = this.#windows.get(layer.slice(i, i + WINDOW));
        if (name !== undefined) found.add(`${place}: ${name}`);
      }
    }
    return [...found];
  }
}

/** The text, and every text that is in it in another spelling. */
function layersOf(bytes: Buffer, depth: number): string[] {
  const text = bytes.toString('latin1');
  const layers = [text, ...decoded(text).map((one) => one.toString('latin1'))];
  if (depth === MAX_DEPTH) return layers;
  const long = (text.match(/[A-Za-z0-9+/_-]{48,}/g) ?? []).map((run) => Buffer.from(run, 'base64'));
  const inside = [bytes, ...long].flatMap((one) => unpacked(one));
  return [...layers, ...inside.flatMap((one) => layersOf(one, depth + 1))];
}

function decoded(text: string): Buffer[] {
  const all = (pattern: RegExp): string[] => text.match(pattern) ?? [];
  const shifted = (run: string, shifts: number, coding: 'base64' | 'hex'): Buffer[] =>
    Array.from({ length: shifts }, (_, shift) => Buffer.from(run.slice(shift), coding));
  const percent = text.includes('%')
    ? [text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)))]
    : [];
  return [
    // A group of base64 may begin at any of four places of a longer word.
    ...all(/[A-Za-z0-9+/_-]{16,}/g).flatMap((run) => shifted(run, 4, 'base64')),
    ...all(/[0-9a-f]{24,}/gi).flatMap((run) => shifted(run, 2, 'hex')),
    ...all(/(?:\d{1,3}, ?){11,}\d{1,3}/g).map((run) => Buffer.from(run.split(',').map(Number))),
    ...percent.map((one) => Buffer.from(one, 'latin1')),
  ];
}

function unpacked(bytes: Buffer): Buffer[] {
  return [gunzipSync, inflateSync, inflateRawSync, brotliDecompressSync].flatMap((unpack) => {
    try {
      const plain = unpack(bytes, { maxOutputLength: 64 * 1024 * 1024 });
      return plain.length > WINDOW ? [plain] : [];
    } catch {
      return []; // Packed in another way, or not at all.
    }
  });
}
