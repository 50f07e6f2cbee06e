import { poolOf } from '../balancer/alias-pool.js';
import type { AliasPin } from '../common/alias-pin.js';
import type { ClientKey } from '../registry/client-key.entity.js';
import type { RoutingHints } from '../balancer/routing-hints.js';
import type { RouteExplainBody } from './dto/route-explain.dto.js';

/** Stands in the place of a request's id in decisions that nobody made. */
const NO_REQUEST = 'explain';
/** Nobody ever made it: encrypted content is then judged by the session around it. */
const UNKNOWN_SEAL = 'explain';

/** What the router would see of such a request. Throws what the terms of the key refuse it with. */
export function imaginedHints(
  body: RouteExplainBody,
  alias: AliasPin | null,
  key: ClientKey | null,
): RoutingHints {
  const sessionId = orNull(body.session_id);
  const pathResponseId = orNull(body.response_id);
  return {
    requestId: NO_REQUEST,
    callerId: key?.id ?? body.caller_id ?? 'loopback',
    tenant: key !== null,
    poolId: poolOf(key, orNull(body.pool_id), orNull(body.model), alias),
    routeKind: body.route_kind ?? (pathResponseId === null ? 'create' : 'response'),
    model: orNull(body.model),
    alias,
    inputTokens: body.input_tokens ?? 0,
    stream: false,
    background: false,
    store: null,
    sessionId,
    sessionSource: sessionId === null ? null : NO_REQUEST,
    sessionName: null,
    threadId: orNull(body.thread_id),
    parentThreadId: orNull(body.parent_thread_id),
    forkedFromThreadId: orNull(body.forked_from_thread_id),
    previousResponseId: orNull(body.previous_response_id),
    pathResponseId,
    conversationId: orNull(body.conversation_id),
    itemReferenceIds: [],
    containerIds: [],
    addsItems: false,
    sealedDigests: body.sealed === true ? [UNKNOWN_SEAL] : [],
    hasSideEffects: false,
  };
}

function orNull(text: string | null | undefined): string | null {
  return text ?? null;
}
