import type { Lease } from '../balancer/lease.js';
import { filterResponseHeaders } from '../upstream/response-headers.js';
import type { AnswerHead } from './answer-head.js';
import type { Exchange } from './exchange.js';
import type { ProxyDependencies } from './proxy-dependencies.js';

/** The upstream's headers as the client may see them, and the three that explain the answer. Flat name, value list. */
export function answerHeaders(
  deps: ProxyDependencies,
  exchange: Exchange,
  lease: Lease,
  head: AnswerHead,
): string[] {
  const { resource, decision } = lease;
  const headers = filterResponseHeaders(head.raw, resource.apiKey, (name) =>
    deps.logger.error(
      { id: exchange.id, resource: resource.id, header: name },
      'the upstream repeats our key in a header; dropped',
    ),
  );
  headers.push('x-proxy-request-id', exchange.id);
  headers.push('x-proxy-resource-id', resource.id, 'x-proxy-reason', decision.reason);
  return headers;
}
