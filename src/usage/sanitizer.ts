/** Not stored whole, in characters. Clients and upstreams choose these strings; rows stay small whatever they choose. */
const LIMIT = 4_096;
const LONG_LIMIT = 65_536;

/** In Node since 20, not in the compiler's ES2023 library. Half a surrogate pair is no valid UTF-8: Postgres refuses it. */
interface WellFormed {
  isWellFormed(): boolean;
  toWellFormed(): string;
}

const NUL = '\u0000';

/** Makes values storable on both dialects and remembers whether anything had to be cut. One per row. */
export class Sanitizer {
  /** Goes into the row's flag. */
  cut = false;

  text(value: string): string {
    return this.#clean(value, LIMIT);
  }

  textOrNull(value: string | null | undefined): string | null {
    return value === null || value === undefined ? null : this.#clean(value, LIMIT);
  }

  /** Text that is long by nature: explanations, JSON documents are checked by their own writer. */
  long(value: string): string {
    return this.#clean(value, LONG_LIMIT);
  }

  /** Whole numbers only; NaN and infinities are unknown. */
  int(value: number | null | undefined): number | null {
    if (typeof value !== 'number' || !Number.isFinite(value)) return null;
    return Math.max(Number.MIN_SAFE_INTEGER, Math.min(Number.MAX_SAFE_INTEGER, Math.round(value)));
  }

  intOr(value: number | null | undefined, otherwise: number): number {
    return this.int(value) ?? otherwise;
  }

  /** JSON escapes both NUL and lone surrogates by itself; JSON text is only ever too long as a whole. */
  json(value: unknown, fallback: string): string {
    const encoded = JSON.stringify(value);
    if (encoded !== undefined && encoded.length <= LONG_LIMIT) return encoded;
    this.cut = true;
    return fallback;
  }

  #clean(value: string, limit: number): string {
    if (typeof value !== 'string') throw new TypeError(`expected a string, found ${typeof value}`);
    let result = value;
    if (result.length > limit) {
      result = result.slice(0, limit);
      this.cut = true;
    }
    if (result.includes(NUL)) result = result.replaceAll(NUL, '\uFFFD');
    const units = result as unknown as WellFormed;
    return units.isWellFormed() ? result : units.toWellFormed();
  }
}
