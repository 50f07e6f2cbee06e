import { createHash, timingSafeEqual } from 'node:crypto';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/**
 * The configured admin token, held as its digest. Digests have one length whatever was sent, so the comparison takes
 * the same time for every guess.
 */
export class AdminToken {
  readonly #digest: Buffer;

  constructor(token: string) {
    this.#digest = digest(token);
  }

  matches(presented: string): boolean {
    return timingSafeEqual(this.#digest, digest(presented));
  }
}
