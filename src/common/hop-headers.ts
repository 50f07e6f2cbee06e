/**
 * Fields that belong to one connection (RFC 9110 7.6.1) plus the old ones that behave so. Names listed in
 * `Connection` join them for that message.
 */
export const HOP_HEADERS: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

const NOTHING: ReadonlySet<string> = new Set();
/** Options that name no field worth a set; nearly every message has one of them. */
const PLAIN: ReadonlySet<string> = new Set(['', 'keep-alive', 'close', 'upgrade']);

/** Lower-case names a `Connection` value takes out of the message. */
export function connectionNames(value: string): ReadonlySet<string> {
  const lower = value.toLowerCase();
  if (PLAIN.has(lower)) return NOTHING;
  return new Set(
    lower
      .split(',')
      .map((name) => name.trim())
      .filter((name) => name !== ''),
  );
}
