import type { Decision } from './wire.js';

/** History as the admin API answers it: the parts that are shown. */
export interface Tokens {
  readonly input_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly cache_write_tokens: number | null;
  readonly output_tokens: number | null;
  readonly reasoning_tokens: number | null;
  readonly total_tokens: number | null;
  readonly cost_usd: number | null;
}

export interface RequestRow extends Tokens {
  readonly id: string;
  readonly state: string;
  readonly started_at: number;
  readonly finished_at: number | null;
  readonly latency_ms: number | null;
  readonly first_byte_ms: number | null;
  readonly status_code: number | null;
  readonly resource_id: string | null;
  readonly pool_id: string | null;
  readonly session_id: string | null;
  readonly session_name: string | null;
  readonly session_source: string | null;
  readonly thread_id: string | null;
  readonly parent_thread_id: string | null;
  readonly model: string | null;
  readonly served_model: string | null;
  readonly caller_id: string | null;
  readonly method: string | null;
  readonly path: string | null;
  readonly stream: boolean | null;
  readonly transport: string | null;
  readonly user_agent: string | null;
  readonly attempts: number | null;
  readonly error_code: string | null;
  readonly error_message: string | null;
  readonly error_source: string | null;
  readonly request_bytes: number | null;
  readonly response_bytes: number | null;
  readonly response_id: string | null;
  readonly upstream_request_id: string | null;
}

export interface RequestList {
  readonly requests: readonly RequestRow[];
  readonly next_cursor: string | null;
}

export interface Attempt {
  readonly n: number;
  readonly resource_id: string;
  readonly class: string;
  readonly status: number | null;
  readonly error: string | null;
  readonly started_at: number;
  readonly duration_ms: number;
  readonly bytes_sent: number;
  readonly bytes_received: number;
  /** Why another attempt followed, or none did; left out by proxies that do not record it. */
  readonly retry_text?: string | null;
}

export interface CapturedBody {
  readonly direction: 'request' | 'response';
  readonly content_type: string | null;
  readonly content_encoding: string | null;
  readonly size: number;
  readonly captured_size: number;
  readonly truncated: boolean;
}

export interface RequestDetail {
  readonly request: RequestRow;
  readonly attempts: readonly Attempt[];
  readonly decisions: readonly Decision[];
  readonly bodies: readonly CapturedBody[];
}

export interface SessionRow extends Tokens {
  readonly id: string;
  readonly caller_id: string;
  readonly name: string | null;
  readonly source: string | null;
  readonly parent_thread_id: string | null;
  readonly first_seen_at: number;
  readonly last_seen_at: number;
  readonly last_resource_id: string | null;
  readonly request_count: number;
  readonly unpriced_requests: number;
  readonly failed_requests: number;
  readonly cache_hit_rate: number | null;
}

export interface SessionResource {
  readonly resource_id: string;
  readonly requests: number;
  readonly first_at: number;
  readonly last_at: number;
  readonly input_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly cache_hit_rate: number | null;
}

export interface SessionDetail {
  readonly session: SessionRow;
  readonly moves: number;
  readonly resources: readonly SessionResource[];
  readonly children: readonly SessionRow[];
  readonly requests: readonly RequestRow[];
}

export interface UsageRow extends Tokens {
  readonly group: string | number | null;
  readonly requests: number;
  readonly failed: number;
  readonly unpriced_requests: number;
  readonly cache_hit_rate: number | null;
}

/** Slices of time, oldest first, without gaps. */
export interface Series {
  readonly since: number;
  readonly step_ms: number;
  readonly points: readonly SeriesPoint[];
  readonly totals: SeriesPoint;
  /** Most frequent first; `requests` goes slice by slice. */
  readonly errors: readonly {
    readonly cause: string;
    readonly total: number;
    readonly requests: readonly number[];
  }[];
}

export interface SeriesPoint {
  readonly at: number;
  readonly requests: number;
  readonly failed: number;
  readonly input_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly output_tokens: number | null;
  readonly cost_usd: number | null;
  readonly latency_p50_ms: number | null;
  readonly latency_p95_ms: number | null;
}
