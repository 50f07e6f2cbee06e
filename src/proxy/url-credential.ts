/** Parameters in which clients of other APIs send their key; no route here knows any of them. */
const NAMES =
  /^(?:x[-_])?(?:api[-_]?key|key|(?:access|auth|bearer|id)?[-_]?token|authorization|password|secret)$/i;
const CLIENT_KEY = /rpx_[a-z0-9]{8}/i;
/** A name may be percent-encoded, and what is encoded be encoded again. */
const MAX_ENCODINGS = 3;

/**
 * What of a request's target would be a credential in the hands of whoever reads it: the name of a parameter, or where a
 * client key stands. URLs are logged by everything they pass, and this one would be passed on. Null = none.
 */
export function credentialIn(path: string, query: string): string | null {
  if (CLIENT_KEY.test(path)) return 'a client key in its path';
  let text = query.slice(1);
  for (let n = 0; n < MAX_ENCODINGS; n++) {
    for (const parameter of text.split(/[&;]/)) {
      const name = parameter.split('=', 1)[0] ?? '';
      if (NAMES.test(name) && parameter.length > name.length + 1)
        return `"${name.toLowerCase()}" in its query`;
    }
    if (CLIENT_KEY.test(text)) return 'a client key in its query';
    if (!text.includes('%')) return null;
    text = text.replace(/%[0-9a-f]{2}/gi, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
  }
  return null;
}
