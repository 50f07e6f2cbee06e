import type { RoutingHints } from '../balancer/routing-hints.js';
import type { RouteExplainBody } from './dto/route-explain.dto.js';

/** Stands in the place of a request's id in decisions that nobody made. */
const NO_REQUEST = 'explain';
/** Nobody ever made it: encrypted content is then judged by the session around it. */
const UNKNOWN_SEAL = 'explain';

/** What the router would see of such a request. */
export function imaginedHints(body: RouteExplainBody): RoutingHints {
  return {
    requestId: NO_REQUEST,
    callerId: body.caller_id ?? 'loopback',
    poolId: body.pool_id ?? null,
    routeKind: body.route_kind ?? (isSet(body.response_id) ? 'response' : 'create'),
    model: body.model ?? null,
    stream: false,
    background: false,
    store: null,
    sessionId: body.session_id ?? null,
    sessionSource: isSet(body.session_id) ? NO_REQUEST : null,
    sessionName: null,
    threadId: body.thread_id ?? null,
    parentThreadId: body.parent_thread_id ?? null,
    forkedFromThreadId: body.forked_from_thread_id ?? null,
    previousResponseId: body.previous_response_id ?? null,
    pathResponseId: body.response_id ?? null,
    conversationId: body.conversation_id ?? null,
    itemReferenceIds: [],
    sealedDigests: body.sealed === true ? [UNKNOWN_SEAL] : [],
    hasSideEffects: false,
  };
}

function isSet(id: string | null | undefined): boolean {
  return id !== null && id !== undefined;
}
