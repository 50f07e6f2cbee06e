import type { Lease } from '../balancer/lease.js';
import { filterResponseHeaders } from '../upstream/response-headers.js';
import type { AnswerHead } from './answer-head.js';
import type { Exchange } from './exchange.js';
import type { ProxyDependencies } from './proxy-dependencies.js';

/** Types no browser runs. Anything else an upstream sends must not act as a page of this origin: the dashboard lives here. */
const PLAIN = /^(?:application\/json|text\/event-stream)\b/i;

/**
 * The upstream's headers as the client may see them, and the three that explain the answer. Flat name, value list.
 * `retryAfterSeconds` replaces whatever wait the upstream named: Codex sits out any value, however long.
 */
export function answerHeaders(
  deps: ProxyDependencies,
  exchange: Exchange,
  lease: Lease,
  head: AnswerHead,
  retryAfterSeconds: number | null = null,
): string[] {
  const { resource, decision } = lease;
  const onLeak = (name: string): void =>
    deps.logger.error(
      { id: exchange.id, resource: resource.id, header: name },
      'the upstream repeats our key in a header; dropped',
    );
  let headers = filterResponseHeaders(head.raw, resource.apiKey, onLeak);
  if (retryAfterSeconds !== null) headers = withRetryAfter(headers, retryAfterSeconds);
  headers.push('x-content-type-options', 'nosniff');
  if (!PLAIN.test(head.contentType ?? '')) headers.push('content-security-policy', 'sandbox');
  headers.push('x-proxy-request-id', exchange.id);
  headers.push('x-proxy-resource-id', resource.id, 'x-proxy-reason', decision.reason);
  return headers;
}

function withRetryAfter(headers: readonly string[], seconds: number): string[] {
  const kept: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    if (!/^retry-after(?:-ms)?$/i.test(name)) kept.push(name, headers[i + 1] ?? '');
  }
  kept.push('retry-after', String(seconds));
  return kept;
}
