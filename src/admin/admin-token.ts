import { createHash, timingSafeEqual } from 'node:crypto';
import type { CallerRequest } from '../common/caller.js';
import { ProxyError } from '../common/errors.js';

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

/** The bearer token of a request, or null. Two Authorization headers: two readers could disagree, so nobody reads them. */
export function bearerToken(req: CallerRequest): string | null {
  let seen = 0;
  for (let i = 0; i < req.rawHeaders.length; i += 2) {
    if (req.rawHeaders[i]?.toLowerCase() === 'authorization') seen += 1;
  }
  if (seen > 1) throw new ProxyError('duplicate_header', 'Send one Authorization header, not several.');
  const match = /^Bearer +([^\s]+) *$/i.exec(req.headers.authorization ?? '');
  return match?.[1] ?? null;
}
