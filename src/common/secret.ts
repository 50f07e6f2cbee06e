import { createHash } from 'node:crypto';
import { inspect } from 'node:util';

const MASK = '[secret]';
const SHORTEST = 8;

/**
 * A value that may leave the process only towards the one upstream or service it belongs to. Everything that
 * turns values into text (template strings, JSON, `console.log`, pino) sees the mask; `reveal()` is the only way in.
 */
export class Secret {
  readonly #value: string;
  #bytes: Buffer | null = null;

  constructor(value: string) {
    this.#value = value;
  }

  reveal(): string {
    return this.#value;
  }

  /** First 16 hex digits of SHA-256: names the secret in records and bindings without telling it. */
  fingerprint(): string {
    return createHash('sha256').update(this.#value).digest('hex').slice(0, 16);
  }

  /**
   * Overwrites the secret with asterisks wherever the bytes hold it whole; their length stays. Answers whether they did.
   * A secret too short to be one is not looked for: it would match by chance.
   */
  maskIn(bytes: Buffer): boolean {
    if (this.#value.length < SHORTEST) return false;
    this.#bytes ??= Buffer.from(this.#value);
    let found = false;
    for (let at = bytes.indexOf(this.#bytes); at !== -1; at = bytes.indexOf(this.#bytes, at)) {
      bytes.fill('*', at, at + this.#bytes.length);
      found = true;
    }
    return found;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}
