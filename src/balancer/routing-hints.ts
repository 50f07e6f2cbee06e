import type { AliasPin } from '../common/alias-pin.js';

/** What a route of the API is about. */
export type RouteKind =
  'create' | 'response' | 'compact' | 'input_tokens' | 'models' | 'model' | 'conversations' | 'conversation';

/** The model runs: the one thing keys are here for. Rights and limits of every other route are separate ones. */
export function generates({ routeKind }: Pick<RoutingHints, 'routeKind'>): boolean {
  return routeKind === 'create' || routeKind === 'compact';
}

/** The model as the upstream knows it: what it allows, limits and refuses is said of this name. */
export function upstreamModel({ model, alias }: Pick<RoutingHints, 'model' | 'alias'>): string | null {
  return alias === null ? model : alias.upstreamId;
}

/** Null = no `x-ratelimit-*` is about it. */
export function limitedModel(hints: Pick<RoutingHints, 'routeKind' | 'model' | 'alias'>): string | null {
  return generates(hints) ? upstreamModel(hints) : null;
}

/**
 * What the router may know about a request: read from the head and from one scan of the raw body, nothing else.
 * Strings are as the client sent them, bounded (512 characters; a longer id is refused with `invalid_field`).
 */
export interface RoutingHints {
  readonly requestId: string;
  /** `loopback`, `anonymous` or a client key's id: the scope of every binding. */
  readonly callerId: string;
  /** The caller has a client key: what the request refers to must be the caller's own. */
  readonly tenant: boolean;
  /** Pool asked for, or null for all resources. */
  readonly poolId: string | null;
  readonly routeKind: RouteKind;
  /** As asked for. */
  readonly model: string | null;
  /** What it stands for, when it is a registered alias. */
  readonly alias: AliasPin | null;
  /** That its body may hold, by its length without images; 0 = nothing, or nobody knows. */
  readonly inputTokens: number;
  readonly stream: boolean;
  /** `background: true`: the upstream goes on without us; never resent, never aborted. */
  readonly background: boolean;
  /** `store` as sent; null when absent (the upstream's default is true). */
  readonly store: boolean | null;
  readonly sessionId: string | null;
  /** Where the session id came from: `x-proxy-session-id`, `session-id`, `prompt_cache_key`, … */
  readonly sessionSource: string | null;
  readonly sessionName: string | null;
  readonly threadId: string | null;
  /** Sub-agent's parent thread (`x-codex-parent-thread-id`). */
  readonly parentThreadId: string | null;
  /** Thread this one was forked from (inside `x-codex-turn-metadata`). */
  readonly forkedFromThreadId: string | null;
  readonly previousResponseId: string | null;
  /** Id in the path: `/v1/responses/{id}…` */
  readonly pathResponseId: string | null;
  /** Body `conversation` (string or `{id}`) or `/v1/conversations/{id}…`. */
  readonly conversationId: string | null;
  /** `item_reference` ids in the input: of a tenant all of them, otherwise the first 16. */
  readonly itemReferenceIds: readonly string[];
  /** Sandboxes of earlier answers that its tools are to use. */
  readonly containerIds: readonly string[];
  /** It adds items to a conversation and leaves it to the upstream to name each of them. */
  readonly addsItems: boolean;
  /** Digests of encrypted items in the input, last 8, oldest first. Empty = nothing sealed. */
  readonly sealedDigests: readonly string[];
  /** Tools that act outside (`mcp`): a second run is not harmless. */
  readonly hasSideEffects: boolean;
}
