/** What a key has used in a span of time, as far as it has been written down. */
export interface KeyUsageItem {
  /** Sent upstream. */
  readonly requests: number;
  readonly tokens: number;
  readonly cost_usd: number;
  /** Requests with tokens and no known price: what `cost_usd` lacks, and budgets in money do not see. */
  readonly unpriced_requests: number;
}
