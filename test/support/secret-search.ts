/** A spelling of a secret, and how many characters of it in a row are a find. */
interface Form {
  readonly secret: string;
  readonly text: string;
  readonly least: number;
  /** Shorter than a window and as it is: a longer word may begin like it. */
  readonly word: boolean;
}

/** Characters of a secret in a row that are too many, however they are spelled. */
const WINDOW = 12;
/** What is shorter stands in too many texts by chance. */
const SHORTEST = 8;
const GRAM = 4;
const SLOTS = 1 << 20;

/**
 * Finds any 12 characters of a secret in bytes: plain, reversed, in base64 of any alignment, hex, percent-encoded, as a
 * list of bytes. It spells the secrets rather than decode what is searched, and looks at every ninth place only: whatever
 * is long enough to be a find has four characters at one of those. So megabytes take milliseconds, and whatever any spec
 * leaves behind can be searched.
 */
export class SecretSearch {
  readonly #forms: readonly Form[];
  readonly #step: number;
  readonly #slots = new Uint8Array(SLOTS);
  /** Four bytes → the forms they stand in, and where, in turn. */
  readonly #places = new Map<number, number[]>();

  constructor(secrets: Iterable<string>) {
    const known = [...new Set(secrets)].filter((secret) => secret.length >= SHORTEST);
    this.#forms = known.flatMap(formsOf);
    this.#step = Math.min(WINDOW, ...this.#forms.map(({ least }) => least)) - GRAM + 1;
    for (const [n, { text }] of this.#forms.entries()) this.#enter(n, Buffer.from(text, 'latin1'));
  }

  /** Where in `bytes` something of a secret stands. Of what is no line anything may stand directly behind a secret. */
  find(bytes: Buffer, lines = false): { readonly at: number; readonly secret: string } | null {
    if (this.#forms.length === 0) return null;
    for (let at = 0; at + GRAM <= bytes.length; at += this.#step) {
      const gram = gramAt(bytes, at);
      if (this.#slots[slotOf(gram)] === 0) continue;
      const secret = this.#foundAt(bytes, at, this.#places.get(gram) ?? [], lines);
      if (secret !== null) return { at, secret };
    }
    return null;
  }

  #enter(form: number, bytes: Buffer): void {
    for (let i = 0; i + GRAM <= bytes.length; i++) {
      const gram = gramAt(bytes, i);
      this.#slots[slotOf(gram)] = 1;
      const places = this.#places.get(gram);
      if (places === undefined) this.#places.set(gram, [form, i]);
      else places.push(form, i);
    }
  }

  #foundAt(bytes: Buffer, at: number, places: readonly number[], lines: boolean): string | null {
    for (let i = 0; i < places.length; i += 2) {
      const form = this.#forms[places[i] ?? 0];
      if (form !== undefined && stands(form, bytes, at, places[i + 1] ?? 0, lines)) return form.secret;
    }
    return null;
  }
}

/** Whether enough of `form` stands around `at`, where its own place is `own`. */
function stands(form: Form, bytes: Buffer, at: number, own: number, lines: boolean): boolean {
  const { text, least, word } = form;
  let before = 0;
  while (before < own && bytes[at - before - 1] === text.charCodeAt(own - before - 1)) before += 1;
  let behind = 0;
  while (own + behind < text.length && bytes[at + behind] === text.charCodeAt(own + behind)) behind += 1;
  if (before + behind < least) return false;
  return !(lines && word && /[\w-]/.test(String.fromCharCode(bytes[at + behind] ?? 0)));
}

function gramAt(bytes: Buffer, at: number): number {
  return (
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24)
  );
}

function slotOf(gram: number): number {
  return Math.imul(gram, 0x9e3779b1) >>> 12;
}

function formsOf(secret: string): Form[] {
  const bytes = Buffer.from(secret);
  const form = (text: string, window: number): Form => {
    const least = Math.min(window, text.length);
    return { secret, text, least, word: text.length < window && text === secret };
  };
  const hex = bytes.toString('hex');
  const percent = hex.replaceAll(/../g, '%$&');
  const forms = [
    form(secret, WINDOW),
    form([...secret].reverse().join(''), WINDOW),
    ...[hex, hex.toUpperCase()].map((text) => form(text, 2 * WINDOW)),
    ...[percent, percent.toUpperCase()].map((text) => form(text, 3 * WINDOW)),
    form(bytes.join(','), 3 * WINDOW),
    // Twelve characters at any alignment hold fifteen of base64 that depend on nothing else.
    ...[0, 1, 2].flatMap((shift) => base64At(bytes, shift).map((text) => form(text, 15))),
  ];
  return forms.filter((one, n) => forms.findIndex(({ text }) => text === one.text) === n);
}

/** The characters of base64 that only `bytes` decide when they stand `shift` bytes behind a full group. */
function base64At(bytes: Buffer, shift: number): string[] {
  const before = [0, 2, 3][shift] ?? 0;
  const after = Math.floor(((shift + bytes.length) * 8) / 6);
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString('base64')
    .slice(before, after);
  return [text, text.replaceAll('+', '-').replaceAll('/', '_')];
}
