/** A session with its totals, which outlive its pruned requests. Times are epoch milliseconds. */
export interface SessionItem {
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
  /** Sums over finished requests; null = no upstream answer has said anything yet. */
  readonly input_tokens: number | null;
  readonly cached_tokens: number | null;
  readonly cache_write_tokens: number | null;
  readonly output_tokens: number | null;
  readonly reasoning_tokens: number | null;
  readonly total_tokens: number | null;
}
