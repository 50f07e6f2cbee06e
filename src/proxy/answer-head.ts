import type { RateLimitFacts } from '../upstream/attempt-outcome.js';
import { readRateLimit } from '../upstream/rate-limit-headers.js';
import { parseRetryAfter } from '../upstream/retry-after.js';

/** The few headers of an upstream answer that the proxy itself reads, from one pass over the raw list. */
export interface AnswerHead {
  readonly status: number;
  readonly raw: readonly Buffer[];
  readonly contentType: string | null;
  readonly contentEncoding: string | null;
  readonly contentLength: number | null;
  readonly organization: string | null;
  readonly requestId: string | null;
  readonly retryAfterMs: number | null;
  readonly rateLimit: RateLimitFacts | null;
}

export function readAnswerHead(status: number, raw: readonly Buffer[], now: number): AnswerHead {
  const values = new Map<string, string>();
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i]?.toString('latin1').toLowerCase() ?? '';
    if (READ.has(name) || name.startsWith('x-ratelimit-'))
      values.set(name, raw[i + 1]?.toString('latin1') ?? '');
  }
  const get = (name: string): string | null => values.get(name) ?? null;
  const length = get('content-length');
  return {
    status,
    raw,
    contentType: get('content-type'),
    contentEncoding: get('content-encoding'),
    contentLength: length === null ? null : Number(length),
    organization: get('openai-organization'),
    requestId: get('x-request-id') ?? get('x-oai-request-id'),
    retryAfterMs: parseRetryAfter(
      { retryAfter: get('retry-after'), retryAfterMs: get('retry-after-ms'), date: get('date') },
      now,
    ),
    rateLimit: readRateLimit(values),
  };
}

const READ = new Set([
  'content-type',
  'content-encoding',
  'content-length',
  'openai-organization',
  'x-request-id',
  'x-oai-request-id',
  'retry-after',
  'retry-after-ms',
  'date',
]);
