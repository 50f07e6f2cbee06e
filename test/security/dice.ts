const PIECES = [
  '..',
  '.',
  '/',
  '//',
  '\\',
  '%2e',
  '%2f',
  '%5c',
  '%00',
  '%252e',
  ';',
  '?',
  '#',
  '@',
  ':',
  ' ',
  '\r\n',
  '\0',
  '\t',
  '\u00e9',
  '\u2025',
  '\uff0e',
  '\ud800',
  'evil.example',
  'http://',
  '127.0.0.1',
  '[::1]',
  '=',
  '&',
  '%',
  ',',
  '"',
  '{',
  '}',
  '-',
  '+',
  '1e309',
  'NaN',
  '__proto__',
  '\u202e',
  '\x1b[2J',
  'a'.repeat(300),
] as const;

/** The same mutations on every run: what fails once can be run again. */
export class Dice {
  #state: number;

  constructor(seed: number) {
    this.#state = seed;
  }

  /** mulberry32. */
  next(): number {
    this.#state = (this.#state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.#state ^ (this.#state >>> 15), 1 | this.#state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  of<T>(list: readonly T[]): T {
    return list[this.below(list.length)] as T;
  }

  /** One of the seeds with up to three changes: a piece put in, a stretch taken out, doubled, or spliced with another seed. */
  mutated(seeds: readonly string[]): string {
    let text = this.of(seeds);
    for (let n = this.below(4); n > 0; n--) text = this.#change(text, seeds);
    return text;
  }

  #change(text: string, seeds: readonly string[]): string {
    const at = this.below(text.length + 1);
    const to = Math.min(text.length, at + this.below(6));
    switch (this.below(5)) {
      case 0:
        return text.slice(0, at) + this.of(PIECES) + text.slice(at);
      case 1:
        return text.slice(0, at) + text.slice(to);
      case 2:
        return text.slice(0, to) + text.slice(at);
      case 3:
        return text.slice(0, at) + String.fromCharCode(this.below(256)) + text.slice(to);
      default: {
        const other = this.of(seeds);
        return text.slice(0, at) + other.slice(this.below(other.length));
      }
    }
  }
}
