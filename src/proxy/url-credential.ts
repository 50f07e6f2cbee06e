import { redactText } from '../common/logger.js';

/** Parameters in which clients of other APIs send their key; no route here knows any of them. */
const NAMES =
  /^(?:x[-_])?(?:api[-_]?key|key|(?:access|auth|bearer|id)?[-_]?token|authorization|password|secret)$/i;
const CLIENT_KEY = /rpx_[a-z0-9]{8}/i;
/** As OpenAI writes them, and others after it. */
const PROVIDER_KEY = /\bsk-[a-z0-9_-]{16}/i;
const ENCODED = /%[0-9a-f]{2}/gi;
/** A name may be percent-encoded, and what is encoded be encoded again. */
const MAX_ENCODINGS = 3;

/**
 * What of a request's target would be a credential in the hands of whoever reads it: the name of a parameter, or where a
 * key stands. URLs are logged by everything they pass, and this one would be passed on. Null = none.
 */
export function credentialIn(path: string, query: string): string | null {
  for (const text of readings(path)) {
    const key = keyIn(text);
    if (key !== null) return `${key} in its path`;
  }
  for (const text of readings(query.slice(1))) {
    for (const parameter of text.split(/[&;]/)) {
      const name = parameter.split('=', 1)[0] ?? '';
      if (NAMES.test(name) && parameter.length > name.length + 1)
        return `"${name.toLowerCase()}" in its query`;
    }
    const key = keyIn(text);
    if (key !== null) return `${key} in its query`;
  }
  return null;
}

/** A path that no route has, as it may be stored: without what a reader could take a key from. */
export function storablePath(path: string): string {
  let text = path;
  for (text of readings(path)) {
    const shown = redactText(text);
    if (shown !== text) return shown;
  }
  // Nobody has looked into what is encoded more often.
  return text.search(ENCODED) < 0 ? path : path.slice(0, path.indexOf('%'));
}

function keyIn(text: string): string | null {
  if (CLIENT_KEY.test(text)) return 'a client key';
  return PROVIDER_KEY.test(text) ? 'a provider’s key' : null;
}

/** The text as it stands, and as everybody would read it who decodes it once, twice, … */
function* readings(text: string): Generator<string, void> {
  yield text;
  for (let n = 0; n < MAX_ENCODINGS && text.includes('%'); n++) {
    text = text.replace(ENCODED, (code) => String.fromCharCode(Number.parseInt(code.slice(1), 16)));
    yield text;
  }
}
