import { ProxyError } from '../common/errors.js';
import { connectionNames } from '../common/hop-headers.js';
import { BEARER, type Resource, type UpstreamAuth } from '../resources/resource.js';

/** What Codex and the SDKs send that an upstream reads. Everything else stays here. */
const ALLOWED: ReadonlySet<string> = new Set([
  'accept',
  'accept-language',
  'content-type',
  'content-encoding',
  'user-agent',
  'originator',
  'openai-beta',
  'version',
  'session-id',
  'thread-id',
  'session_id',
  'conversation_id',
  'x-client-request-id',
  'idempotency-key',
  'traceparent',
  'tracestate',
]);

const ALLOWED_FAMILIES: readonly string[] = [
  'x-codex-',
  'x-openai-',
  'x-oai-',
  'x-stainless-',
  'x-responsesapi-',
];

/** Credentials inside an allowed family: the upstream gets one credential, ours. */
const CREDENTIAL = /(?:authorization|api-key|token|cookie)$/;

/** Describe a body; without one they would be lies. */
const BODY_HEADERS: ReadonlySet<string> = new Set(['content-type', 'content-encoding']);

const CODING_HEADERS: ReadonlySet<string> = new Set(['content-encoding']);
const NO_HEADERS: ReadonlySet<string> = new Set();

/** What Node's parser lets through, and nothing more: no line breaks, no NUL, no characters beyond one byte. */
const UNSAFE_VALUE = /[^\t\x20-\x7e\x80-\xff]/;

/**
 * Verdict for each spelling of a name seen so far. Clients repeat the same twenty names for ever, so lower-casing and
 * looking at families is done once for each; the bound keeps an inventive client from growing it.
 */
const verdicts = new Map<string, string | null>();
const MAX_VERDICTS = 2_000;
const MAX_NAME_CHARACTERS = 128;

/**
 * Headers for the upstream as a flat name/value list, built from nothing: only names of the allowlist get in, so no
 * cookie, no client credential, no organisation, no hop-by-hop field and no address of the client can.
 *
 * `identity`, because usage is read from the answer. No `host` and no `content-length`: the HTTP client knows both.
 * `bodyLength` null or 0 = there is no body, and fields about it are left out. `decoded`: it goes out without the
 * coding it came in.
 */
export function buildRequestHeaders(
  raw: readonly string[],
  resource: Pick<Resource, 'apiKey' | 'auth'>,
  bodyLength?: number | null,
  decoded = false,
): string[] {
  const headers = [...credentialHeaders(resource), 'accept-encoding', 'identity'];
  const dropped = withheldNames(raw, resource.auth);
  const untrue = untrueNames(bodyLength, decoded);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = allowedName(raw[i] ?? '');
    if (name === null || dropped?.has(name) === true) continue;
    if (untrue.has(name)) continue;
    const value = raw[i + 1] ?? '';
    if (UNSAFE_VALUE.test(value)) throw unsafeValue(name);
    headers.push(name, value);
  }
  return headers;
}

function untrueNames(bodyLength: number | null | undefined, decoded: boolean): ReadonlySet<string> {
  if (bodyLength === null || bodyLength === 0) return BODY_HEADERS;
  return decoded ? CODING_HEADERS : NO_HEADERS;
}

/** The one credential that goes upstream, as a name/value pair; nothing where the upstream wants none. */
export function credentialHeaders({ apiKey, auth }: Pick<Resource, 'apiKey' | 'auth'>): string[] {
  return auth === null ? [] : [auth.header, auth.prefix + apiKey.reveal()];
}

/** Fields of this connection only, and the one that ours goes in. */
function withheldNames(raw: readonly string[], auth: UpstreamAuth | null): ReadonlySet<string> | null {
  // `authorization` is on no list of what may go.
  let names = auth === null || auth === BEARER ? null : new Set([auth.header]);
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] ?? '';
    if (name.length !== 10 || name.toLowerCase() !== 'connection') continue;
    for (const listed of connectionNames(raw[i + 1] ?? '')) (names ??= new Set()).add(listed);
  }
  return names;
}

/** Lower-case name if it may go upstream, else null. */
function allowedName(name: string): string | null {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const verdict = isAllowed(lower) ? lower : null;
  if (verdicts.size < MAX_VERDICTS && name.length <= MAX_NAME_CHARACTERS) verdicts.set(name, verdict);
  return verdict;
}

function isAllowed(name: string): boolean {
  if (ALLOWED.has(name)) return true;
  if (name.length > MAX_NAME_CHARACTERS || CREDENTIAL.test(name)) return false;
  return /^[a-z0-9_-]+$/.test(name) && ALLOWED_FAMILIES.some((family) => name.startsWith(family));
}

function unsafeValue(name: string): ProxyError {
  return new ProxyError('invalid_field', `The value of header "${name}" holds control characters.`, {
    param: name,
  });
}
