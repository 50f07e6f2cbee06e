import type { CallerRequest } from './caller.js';
import { ProxyError } from './errors.js';

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
