/** What the admin routes send, as far as it is shown here. Times are epoch ms, null = not known. */
export interface RequestRow {
  readonly id: string;
  readonly state: string;
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly latency_ms: number | null;
  readonly first_byte_ms: number | null;
  readonly status_code: number | null;
  readonly resource_id: string | null;
  readonly session_id: string | null;
  readonly session_name: string | null;
  readonly model: string | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly caller_id: string | null;
  readonly attempts: number | null;
  readonly input_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cost_usd: number | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
}

export interface AttemptRow {
  readonly n: number;
  readonly resource_id: string;
  readonly class: string;
  readonly status: number | null;
  readonly error: string | null;
  readonly duration_ms: number;
  /** Left out by older proxies. */
  readonly retry_text?: string | null;
}

export interface DecisionRow {
  readonly attempt: number;
  readonly resource_id: string | null;
  readonly explanation: string;
  readonly candidates: readonly CandidateRow[];
}

export interface CandidateRow {
  readonly resource_id: string;
  readonly health: string;
  readonly in_flight: number;
  readonly chosen: boolean;
  readonly rejected: string | null;
}

export interface RequestDetail {
  readonly request: RequestRow;
  readonly attempts: readonly AttemptRow[];
  readonly decisions: readonly DecisionRow[];
}

export interface SessionRow {
  readonly id: string;
  readonly name: string | null;
  readonly caller_id: string;
  readonly last_seen_at: number;
  readonly last_resource_id: string | null;
  readonly request_count: number;
  readonly failed_requests: number;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cost_usd: number | null;
  readonly cache_hit_rate: number | null;
}

export interface SessionDetail {
  readonly session: SessionRow;
  readonly moves: number;
  readonly resources: readonly { readonly resource_id: string; readonly requests: number }[];
  /** Left out by proxies of an earlier version. */
  readonly children?: readonly SessionRow[];
  readonly requests: readonly RequestRow[];
}

export interface UsageRow {
  readonly group: string | number | null;
  readonly requests: number;
  readonly failed: number;
  readonly input_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cost_usd: number | null;
  readonly unpriced_requests: number;
  readonly cache_hit_rate: number | null;
}

export interface KeyRow {
  readonly id: string;
  readonly name: string;
  readonly prefix: string;
  readonly expires_at: number | null;
  readonly revoked_at: number | null;
  readonly last_used_at: number | null;
  readonly today?: { readonly requests: number; readonly tokens: number; readonly cost_usd: number } | null;
}

export interface ProviderRow {
  readonly id: string;
  readonly name: string;
  readonly base_url: string;
  readonly pool_id: string | null;
  readonly enabled: boolean;
  readonly routing: { readonly active: boolean; readonly reason: string | null };
}
