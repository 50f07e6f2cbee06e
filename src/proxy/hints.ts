import type { IncomingHttpHeaders } from 'node:http';
import { itemsField } from '../balancer/references.js';
import type { RoutingHints } from '../balancer/routing-hints.js';
import type { AliasPin } from '../common/alias-pin.js';
import type { ProxyCaller } from '../registry/proxy-door.service.js';
import { poolOf } from '../balancer/alias-pool.js';
import { likelyTokens } from '../balancer/prompt-size.js';
import { emptyBodyDraft } from './body-fields.js';
import type { BodyFields } from './body-fields.js';
import { MAX_ITEM_REFERENCES } from './input-scan.js';
import type { ProxyRoute } from './route-grammar.js';
import { invalidField } from './routing-field.js';
import { forkedFromThreadId } from './turn-metadata.js';

/** Visible ASCII: an id from a header ends up in records, bindings and logs as it is. */
const HEADER_ID = /^[\x21-\x7e]{1,256}$/;
const ITEMS_PATH = /^\/v1\/conversations\/[^/]+\/items$/;
const DECIDING_REFERENCES = 16;
/** Names may hold spaces. */
const HEADER_NAME = /^[\x20-\x7e]{1,256}$/;

export interface HintsInput {
  readonly requestId: string;
  readonly caller: ProxyCaller;
  readonly route: ProxyRoute;
  readonly headers: IncomingHttpHeaders;
  readonly body: BodyFields | null;
  /** What the body's model stands for, when it is a registered alias. */
  readonly alias: AliasPin | null;
}

const NO_BODY: BodyFields = Object.freeze(emptyBodyDraft());

export function buildHints(input: HintsInput): RoutingHints {
  const { requestId, caller, route, headers } = input;
  const body = input.body ?? NO_BODY;
  if (caller.key !== null) refuseOtherCase(body.otherCase);
  const pool = first(headerId(headers, 'x-proxy-pool-id'), headerId(headers, 'x-pool-id'), body.poolId);
  const session = sessionOf(headers, body);
  return {
    requestId,
    callerId: caller.callerId,
    tenant: caller.key !== null,
    routeKind: route.kind,
    poolId: poolOf(caller.key, pool, body.model, input.alias),
    model: body.model,
    alias: input.alias,
    inputTokens: likelyTokens(body.bytes),
    stream: body.stream === true,
    background: body.background === true,
    store: body.store,
    sessionId: session.sessionId,
    sessionSource: session.sessionSource,
    sessionName: first(headerText(headers, 'x-proxy-session-name', HEADER_NAME), body.metadataSessionName),
    threadId: first(headerId(headers, 'thread-id'), body.clientMetadataThreadId),
    parentThreadId: first(headerId(headers, 'x-codex-parent-thread-id'), body.parentThreadId),
    forkedFromThreadId: first(forkOf(headers), body.forkedFromThreadId),
    previousResponseId: first(body.previousResponseId),
    pathResponseId: route.responseId,
    conversationId: first(route.conversationId, body.conversationId),
    itemReferenceIds: referencesOf(caller, route, body),
    containerIds: body.containerIds,
    addsItems: route.method === 'POST' && ITEMS_PATH.test(route.pathWithoutQuery) && !body.namesItems,
    sealedDigests: body.sealedDigests,
    hasSideEffects: body.hasSideEffects,
  };
}

/** What an upstream that ignores case would read and nobody here has checked. Throws `invalid_field`. */
export function refuseOtherCase(name: string | null): void {
  if (name !== null) throw invalidField(name, 'must be spelled in small letters');
}

/** Where it goes, a few of them decide; whether a tenant may name them has to be known of each. */
function referencesOf({ key }: ProxyCaller, { kind }: ProxyRoute, body: BodyFields): readonly string[] {
  if (key === null) return body.itemReferenceIds.slice(0, DECIDING_REFERENCES);
  if (body.moreItemReferences)
    throw invalidField(itemsField(kind), `must hold at most ${MAX_ITEM_REFERENCES} references to items.`);
  return body.itemReferenceIds;
}

/** First of the documented order that says anything. Every header is checked, also one that would lose. */
function sessionOf(
  headers: IncomingHttpHeaders,
  body: BodyFields,
): Pick<RoutingHints, 'sessionId' | 'sessionSource'> {
  const sources: readonly (readonly [string, string | null])[] = [
    ['x-proxy-session-id', headerId(headers, 'x-proxy-session-id')],
    ['x-session-id', headerId(headers, 'x-session-id')],
    ['metadata.session_id', body.metadataSessionId],
    ['session-id', headerId(headers, 'session-id')],
    ['session_id', headerId(headers, 'session_id')],
    ['client_metadata.session_id', body.clientMetadataSessionId],
    ['conversation', body.conversationId],
    ['prompt_cache_key', body.promptCacheKey],
  ];
  for (const [sessionSource, id] of sources) {
    const sessionId = first(id);
    if (sessionId !== null) return { sessionId, sessionSource };
  }
  return { sessionId: null, sessionSource: null };
}

function forkOf(headers: IncomingHttpHeaders): string | null {
  const value = headers['x-codex-turn-metadata'];
  return typeof value === 'string' ? forkedFromThreadId(value, 'json') : null;
}

/** The first that names something; an empty string names nothing. */
function first(...values: readonly (string | null)[]): string | null {
  for (const value of values) if (value !== null && value !== '') return value;
  return null;
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
