import type { IncomingMessage } from 'node:http';
import type { Resource } from '../../resources/resource.js';
import { filterResponseHeaders } from '../../upstream/response-headers.js';
import type { AnswerHead } from '../answer-head.js';

/** Lines for the client's 101, by the request they answer: the library asks for them while it writes. */
export const acceptHeaders = new WeakMap<IncomingMessage, readonly string[]>();

/** Belong to the library, or describe a body that a 101 does not have. */
const OURS = /^(?:sec-websocket-.*|content-(?:length|type|encoding))$/i;
const PLAIN = /^[\t\x20-\x7e]*$/;

/** What the upstream says with its 101 that clients read (`x-codex-turn-state`, `x-models-etag`, `openai-model`, …), and our own. */
export function linesOf(
  head: AnswerHead,
  resource: Resource,
  ids: { readonly requestId: string; readonly reason: string },
): string[] {
  const headers = filterResponseHeaders(head.raw, resource.apiKey);
  const lines: string[] = [];
  for (let i = 0; i + 1 < headers.length; i += 2) {
    const name = headers[i] ?? '';
    const value = headers[i + 1] ?? '';
    if (!OURS.test(name) && PLAIN.test(value)) lines.push(`${name}: ${value}`);
  }
  lines.push(`x-proxy-request-id: ${ids.requestId}`);
  lines.push(`x-proxy-resource-id: ${resource.id}`, `x-proxy-reason: ${ids.reason}`);
  return lines;
}
