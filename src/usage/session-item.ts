import type { TokenFields } from './token-fields.js';

/** A session with its totals, which outlive its pruned requests. Times are epoch milliseconds. */
export interface SessionItem extends TokenFields {
  /** As the client named it. */
  readonly id: string;
  readonly caller_id: string;
  readonly name: string | null;
  /** Header or field the id came from. */
  readonly source: string | null;
  /** Thread this one was started by, for sub-agents. */
  readonly parent_thread_id: string | null;
  readonly first_seen_at: number;
  /** Latest start or end of a request. */
  readonly last_seen_at: number;
  /** Resource of the latest request. */
  readonly last_resource_id: string | null;
  readonly request_count: number;
  /** Of the requests whose price was known; null = of none. */
  readonly cost_usd: number | null;
  /** Requests with tokens and no known price: what `cost_usd` lacks. */
  readonly unpriced_requests: number;
  /** Ended neither `completed` nor `incomplete`. */
  readonly failed_requests: number;
  /** `cached_tokens / input_tokens`, 0 to 1; null = not known. */
  readonly cache_hit_rate: number | null;
}

/** What one resource did for a session: its requests that ran the model, as far as they have not been pruned. */
export interface SessionResourceItem {
  readonly resource_id: string;
  readonly requests: number;
  /** Start of the first and of the last one. */
  readonly first_at: number;
  readonly last_at: number;
  readonly input_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly cache_write_tokens: number | null;
  readonly cache_hit_rate: number | null;
}
