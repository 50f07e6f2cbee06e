/** Why one attempt went where it went. Times are epoch milliseconds. */
export interface DecisionItem {
  /** `dec_…` */
  readonly id: string;
  readonly request_id: string;
  /** From 1. */
  readonly attempt: number;
  readonly at: number;
  readonly session_id: string | null;
  readonly caller_id: string;
  readonly pool_id: string | null;
  readonly model: string | null;
  /** `hard`, `boundary`, `soft` or `free`: how freely it may move. */
  readonly affinity_class: string;
  /** What the class rests on: `previous_response_id`, `session`, …; null when on nothing. */
  readonly affinity_kind: string | null;
  /** `hit`, `miss`, `moved`, `lost` or `none`. */
  readonly affinity_result: string;
  /** Chosen resource; null when nobody could serve it. */
  readonly resource_id: string | null;
  /** Stable snake_case. */
  readonly reason: string;
  /** One sentence for a person. */
  readonly explanation: string;
  /** How long the request waited for a place; null in decisions of before there was a wait. */
  readonly waited_ms: number | null;
  /** Cached prompt tokens that the session left with the key it moved from; null when it did not move, or nobody knows. */
  readonly cached_tokens_at_stake: number | null;
  readonly candidates: readonly CandidateItem[];
}

/** One resource that was considered. */
export interface CandidateItem {
  readonly resource_id: string;
  readonly pool_id: string | null;
  readonly organization: string | null;
  /** Effective: less than configured while the resource starts slowly after a failure. */
  readonly weight: number;
  readonly in_flight: number;
  /** (in_flight + 1) / weight; lower is better. */
  readonly load: number;
  readonly health: string;
  /** What the upstream said is left of its limits for this model; null = not known. */
  readonly remaining_requests: number | null;
  readonly remaining_tokens: number | null;
  /** Prompt tokens of the session that this key had cached at its last answer; null = it was not here, or not known. */
  readonly cached_tokens: number | null;
  readonly chosen: boolean;
  /** Why it lost, stable snake_case; null for the winner. */
  readonly rejected: string | null;
}
