import type { IncomingMessage } from 'node:http';
import { ProxyError } from '../common/errors.js';
import { codingOf, type BodyCoding } from '../common/body-coding.js';

/** Headers that two readers could disagree about when they come twice; Node silently keeps the first of most. */
const SINGLE = new Set([
  'authorization',
  'content-type',
  'content-encoding',
  'content-length',
  'host',
  'transfer-encoding',
]);
const JSON_TYPE = /^application\/(?:json|[a-z0-9.-]+\+json)\s*(?:;|$)/i;

/** Refuses heads that are too long or ambiguous: `too_many_headers`, `duplicate_header`. */
export function checkHead(rawHeaders: readonly string[], maxHeaders: number): void {
  if (rawHeaders.length > maxHeaders * 2) {
    throw new ProxyError(
      'too_many_headers',
      `The request has ${rawHeaders.length / 2} header fields; at most ${maxHeaders} are accepted (PROXY_MAX_HEADERS).`,
    );
  }
  let seen: Set<string> | null = null;
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = (rawHeaders[i] ?? '').toLowerCase();
    if (!SINGLE.has(name)) continue;
    seen ??= new Set();
    if (seen.has(name)) {
      throw new ProxyError('duplicate_header', `The header ${name} was sent twice; send it once.`, {
        param: name,
      });
    }
    seen.add(name);
  }
}

/**
 * The coding of the body; null = plain. Refuses bodies this proxy cannot read: `unsupported_media_type`,
 * `unsupported_content_encoding`.
 */
export function checkBodyHeaders(req: IncomingMessage): BodyCoding | null {
  const type = req.headers['content-type'];
  const hasBody =
    req.headers['transfer-encoding'] !== undefined || Number(req.headers['content-length'] ?? 0) > 0;
  if (hasBody && (type === undefined || !JSON_TYPE.test(type))) {
    const got = type === undefined ? 'none' : `"${type.slice(0, 80)}"`;
    throw new ProxyError(
      'unsupported_media_type',
      `The body must be JSON: send content-type: application/json (got ${got}).`,
    );
  }
  return codingOf(req.headers['content-encoding']);
}
