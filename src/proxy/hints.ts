import type { IncomingHttpHeaders } from 'node:http';
import type { RoutingHints } from '../balancer/routing-hints.js';
import type { BodyFields } from './body-fields.js';
import type { ProxyRoute } from './route-grammar.js';
import { invalidField } from './routing-field.js';
import { forkedFromThreadId } from './turn-metadata.js';

/** Visible ASCII: an id from a header ends up in records, bindings and logs as it is. */
const HEADER_ID = /^[\x21-\x7e]{1,256}$/;
/** Names may hold spaces. */
const HEADER_NAME = /^[\x20-\x7e]{1,256}$/;

export interface HintsInput {
  readonly requestId: string;
  readonly callerId: string;
  readonly route: ProxyRoute;
  readonly headers: IncomingHttpHeaders;
  readonly body: BodyFields | null;
}

export function buildHints(input: HintsInput): RoutingHints {
  const { requestId, callerId, route, headers, body } = input;
  const session = sessionOf(headers, body);
  return {
    requestId,
    callerId,
    poolId: headerId(headers, 'x-proxy-pool-id') ?? headerId(headers, 'x-pool-id') ?? some(body?.poolId),
    model: body?.model ?? null,
    stream: body?.stream ?? false,
    background: body?.background ?? false,
    store: body?.store ?? null,
    sessionId: session?.id ?? null,
    sessionSource: session?.source ?? null,
    sessionName: headerText(headers, 'x-proxy-session-name', HEADER_NAME) ?? some(body?.metadataSessionName),
    threadId: headerId(headers, 'thread-id') ?? some(body?.clientMetadataThreadId),
    parentThreadId: headerId(headers, 'x-codex-parent-thread-id') ?? some(body?.parentThreadId),
    forkedFromThreadId: forkOf(headers) ?? some(body?.forkedFromThreadId),
    previousResponseId: some(body?.previousResponseId),
    pathResponseId: route.responseId,
    conversationId: route.conversationId ?? some(body?.conversationId),
    itemReferenceIds: body?.itemReferenceIds ?? [],
    sealedDigests: body?.sealedDigests ?? [],
    hasSideEffects: body?.hasSideEffects ?? false,
  };
}

/** First of the documented order that says anything. Every header is checked, also one that would lose. */
function sessionOf(
  headers: IncomingHttpHeaders,
  body: BodyFields | null,
): { readonly id: string; readonly source: string } | null {
  const sources: readonly (readonly [string, string | null])[] = [
    ['x-proxy-session-id', headerId(headers, 'x-proxy-session-id')],
    ['x-session-id', headerId(headers, 'x-session-id')],
    ['metadata.session_id', some(body?.metadataSessionId)],
    ['session-id', headerId(headers, 'session-id')],
    ['session_id', headerId(headers, 'session_id')],
    ['client_metadata.session_id', some(body?.clientMetadataSessionId)],
    ['conversation', some(body?.conversationId)],
    ['prompt_cache_key', some(body?.promptCacheKey)],
  ];
  for (const [source, id] of sources) if (id !== null) return { id, source };
  return null;
}

function forkOf(headers: IncomingHttpHeaders): string | null {
  const value = headers['x-codex-turn-metadata'];
  return typeof value === 'string' ? forkedFromThreadId(value, 'json') : null;
}

/** An empty string names nothing. */
function some(value: string | null | undefined): string | null {
  return value === undefined || value === '' ? null : value;
}

function headerId(headers: IncomingHttpHeaders, name: string): string | null {
  return headerText(headers, name, HEADER_ID);
}

function headerText(headers: IncomingHttpHeaders, name: string, grammar: RegExp): string | null {
  const value = headers[name];
  if (value === undefined || value === '') return null;
  if (typeof value !== 'string' || !grammar.test(value))
    throw invalidField(name, 'must be 1 to 256 visible ASCII characters and come once');
  return value;
}
