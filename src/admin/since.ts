import { ProxyError } from '../common/errors.js';

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };
const DURATION = /^(\d{1,6})([smhd])$/;
const EPOCH_MS = /^\d{1,15}$/;
/** A date, or a date and a time with its zone: a time without one means something else on every machine. */
const ISO = /^\d{4}-\d{2}-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,9})?)?(?:Z|[+-]\d{2}:\d{2}))?$/;

/** Epoch ms of `since`: epoch ms, ISO 8601 or a span back from now like `1h`. Null when it is none of them. */
export function parseSince(text: string, now: number): number | null {
  const span = DURATION.exec(text);
  if (span !== null) return now - Number(span[1]) * (UNITS[span[2] ?? ''] ?? 0);
  if (EPOCH_MS.test(text)) return Number(text);
  if (!ISO.test(text)) return null;
  const parsed = Date.parse(text);
  return Number.isNaN(parsed) ? null : parsed;
}

/** The same for a query parameter: absent stays absent, nonsense is refused by name. */
export function sinceParameter(text: string | undefined, now: number): number | null {
  if (text === undefined) return null;
  const since = parseSince(text, now);
  if (since !== null) return since;
  throw new ProxyError(
    'invalid_parameter',
    'since must be epoch milliseconds, ISO 8601 with a zone, or a span like 15m, 1h or 7d.',
    { param: 'since' },
  );
}
