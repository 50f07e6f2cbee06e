import { HOP_HEADERS, connectionNames } from '../common/hop-headers.js';
import type { Secret } from '../common/secret.js';

/**
 * State and policy of the upstream's own site. Behind this address they would speak for the proxy: a cookie would be
 * replayed to another key, `alt-svc` would lead clients around the proxy, the rest would open it to browsers.
 */
const WITHHELD: ReadonlySet<string> = new Set([
  'set-cookie',
  'set-cookie2',
  'alt-svc',
  'strict-transport-security',
  'clear-site-data',
  'content-security-policy',
  'content-security-policy-report-only',
  'link',
  'location',
  'nel',
  'refresh',
  'report-to',
  'reporting-endpoints',
  'service-worker-allowed',
  'x-content-type-options',
]);
const WITHHELD_FAMILIES: readonly string[] = ['access-control-', 'x-proxy-'];

/** Verdicts by spelling; upstreams use few. Bounded for those that do not. */
const verdicts = new Map<string, boolean>();
const MAX_VERDICTS = 2_000;
const MAX_NAME_CHARACTERS = 128;
/** Shorter ones are placeholders of a test, and would match by chance. */
const MIN_KEY_CHARACTERS = 8;

/**
 * The upstream's headers as the client gets them: all but hop-by-hop ones (with those named in `Connection`), the
 * withheld ones, and any whose value shows the key. `onLeak` is told the name of each of those.
 */
export function filterResponseHeaders(
  raw: readonly Buffer[],
  apiKey: Secret,
  onLeak?: (name: string) => void,
): string[] {
  const key = apiKey.reveal();
  const headers: string[] = [];
  let dropped: ReadonlySet<string> | null = null;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = textAt(raw, i);
    const value = textAt(raw, i + 1);
    if (!passes(name)) {
      if (name.toLowerCase() === 'connection') dropped = union(dropped, connectionNames(value));
      continue;
    }
    if (key.length >= MIN_KEY_CHARACTERS && value.includes(key)) {
      onLeak?.(name.toLowerCase());
      continue;
    }
    headers.push(name, value);
  }
  // `Connection` may come behind the fields it names.
  return dropped === null || dropped.size === 0 ? headers : without(headers, dropped);
}

function textAt(raw: readonly Buffer[], index: number): string {
  return raw[index]?.toString('latin1') ?? '';
}

function passes(name: string): boolean {
  const known = verdicts.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const verdict =
    !HOP_HEADERS.has(lower) &&
    !WITHHELD.has(lower) &&
    !WITHHELD_FAMILIES.some((family) => lower.startsWith(family));
  if (verdicts.size < MAX_VERDICTS && name.length <= MAX_NAME_CHARACTERS) verdicts.set(name, verdict);
  return verdict;
}

function union(a: ReadonlySet<string> | null, b: ReadonlySet<string>): ReadonlySet<string> {
  return a === null || a.size === 0 ? b : new Set([...a, ...b]);
}

function without(headers: readonly string[], dropped: ReadonlySet<string>): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!dropped.has(name.toLowerCase())) kept.push(name, headers[i + 1] ?? '');
  }
  return kept;
}

/**
 * Why the length of this answer cannot be trusted, or null. undici joins two `content-length` fields to one number
 * instead of refusing them, and a client behind us would end the body somewhere else than we do.
 */
export function framingConflict(raw: readonly Buffer[]): string | null {
  const lengths: string[] = [];
  let coded = false;
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const size = raw[i]?.length;
    // Only these two lengths can be one of the two names.
    if (size !== 14 && size !== 17) continue;
    const name = textAt(raw, i).toLowerCase();
    if (name === 'transfer-encoding') coded = true;
    else if (name === 'content-length') lengths.push(textAt(raw, i + 1));
  }
  if (lengths.length > 1) return 'two content-length fields';
  if (lengths.some((length) => !/^\d{1,15}$/.test(length))) return 'a content-length that is not a number';
  return coded && lengths.length > 0 ? 'both content-length and transfer-encoding' : null;
}
