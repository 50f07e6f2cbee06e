/**
 * PORT live-state: what this process knows right now and routes on. Every call is synchronous and answers from this
 * process's own memory; an adapter may share it with other replicas behind the caller's back, never in front of it.
 */
export interface LiveState {
  /** Exchanges open on a resource: this process's plus the last known sum of the other replicas'. */
  inFlight(resourceId: string): number;
  /** Exchanges open in this process, all resources. */
  readonly localInFlight: number;
  /** Counts one exchange; the returned function uncounts it, once, however often it is called. */
  enter(resourceId: string): () => void;

  /** The binding if present and not expired. `now` is epoch ms. */
  binding(key: BindingKey, now: number): AffinityBinding | null;
  /**
   * Writes or refreshes. Last write wins. Bounded: the least recently used entries go first. A binding that expires
   * no later than it was bound takes the entry away.
   */
  bind(binding: AffinityBinding): void;
  /** As `bind`, for what was learned elsewhere or before: goes no further, and what is known here and later stays. */
  remember(binding: AffinityBinding): void;
  readonly bindingCount: number;
  /**
   * Looks beyond this process for bindings that are not known here; what is found is in memory when it resolves. Null
   * when there is nothing to look for or nowhere to look: go on at once. Never rejects, bounded in time. The
   * weightiest keys come first: what comes behind one that was found need not be looked for any further, unless it is
   * something only its owner can serve and `every` one of those counts, not the first alone. Resolves with
   * false when what only its owner can serve may be known to somebody who could not be asked.
   */
  recall(keys: readonly BindingKey[], now: number, every?: boolean): Promise<boolean> | null;

  /** Last decisions, newest first, bounded (200). */
  recentDecisions(limit: number): readonly DecisionRecord[];
  rememberDecision(decision: DecisionRecord): void;

  /** Called after any change worth showing; coalesced by the subscriber. Returns the unsubscribe function. */
  subscribe(listener: () => void): () => void;
  /** Tells subscribers that something outside this port changed (health, queue). */
  touch(): void;
}

export const LIVE_STATE = Symbol('LiveState');

/**
 * What a binding hangs on. `sealed` is a digest of encrypted content; the others are ids as clients send them.
 * `item`: an item of a stored answer. `usage`: a background response whose usage nobody has counted yet.
 */
export type BindingKind = 'response' | 'conversation' | 'item' | 'session' | 'thread' | 'sealed' | 'usage';

export interface BindingKey {
  /** Scope: bindings of one caller are invisible to another. */
  readonly callerId: string;
  readonly kind: BindingKind;
  readonly id: string;
}

export interface AffinityBinding extends BindingKey {
  /** Fingerprint of the key that owns it, not its position or id. */
  readonly fingerprint: string;
  /** Organisation at the time of binding, if known. Of a `usage`: the model that was asked for. */
  readonly organization: string | null;
  /** Of the prompt of its last answer, served from that key's prompt cache: sessions and threads. Null = not told. */
  readonly cachedTokens: number | null;
  /** Epoch ms. */
  readonly boundAt: number;
  readonly expiresAt: number;
}

/** `hard`: only the owner can serve it. `boundary`: its organisation. `soft`: better there. `free`: anybody. */
export type AffinityClass = 'hard' | 'boundary' | 'soft' | 'free';

/** Why a request went where it went: every candidate and why it lost. Stored as it is. */
export interface DecisionRecord {
  readonly id: string;
  readonly requestId: string;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly at: number;
  readonly sessionId: string | null;
  readonly callerId: string;
  readonly poolId: string | null;
  readonly model: string | null;
  readonly affinityClass: AffinityClass;
  /** What the class rests on: `previous_response_id`, `path`, `conversation`, `sealed`, `session`, `parent`, `fork`, or null. */
  readonly affinityKind: string | null;
  /** `hit`, `miss` (nothing known), `moved` (soft owner left), `lost` (owner gone), `none` (free). */
  readonly affinityResult: 'hit' | 'miss' | 'moved' | 'lost' | 'none';
  /** Chosen resource, or null when nobody could serve it. */
  readonly resourceId: string | null;
  /** Stable snake_case: `affinity_hit`, `least_connections`, `only_candidate`, `retry_elsewhere`, `no_available_resources`, … */
  readonly reason: string;
  /** One sentence for a person. */
  readonly explanation: string;
  /** How long the request waited for a place before this decision. */
  readonly waitedMs: number;
  /** What leaving the session's key may cost: its cached prompt tokens there. Null = it did not move, or not known. */
  readonly cachedTokensAtStake: number | null;
  readonly candidates: readonly CandidateRecord[];
}

export interface CandidateRecord {
  readonly resourceId: string;
  readonly poolId: string | null;
  readonly organization: string | null;
  /** Effective: less than configured while the resource starts slowly after a failure. */
  readonly weight: number;
  readonly inFlight: number;
  /** (in_flight + 1) / weight; lower is better. */
  readonly load: number;
  readonly health: string;
  /** Of the upstream's own limits for this model, less what was sent since it said so; null = not known. */
  readonly remainingRequests: number | null;
  readonly remainingTokens: number | null;
  /** Prompt tokens of the session that this key had cached at its last answer; null = it was not here, or not known. */
  readonly cachedTokens: number | null;
  readonly chosen: boolean;
  /** Why it lost, stable snake_case: `higher_load`, `tie_lost`, `unhealthy`, `cooling`, `other_pool`, `not_owner`, `other_organization`, `already_tried`, `at_capacity`, `lost_to_affinity`, `rate_limit_exhausted`, `rate_limit_short`, `just_lost`, `owner_unknown`; null for the winner. */
  readonly rejected: string | null;
}
