import type { TokenFields } from './token-fields.js';

/** Requests and tokens of one group. */
export interface UsageItem extends TokenFields {
  /** Model, resource id, session id, caller id, or the hour's first millisecond; null = not known. */
  readonly group: string | number | null;
  readonly requests: number;
  /** Of those, how many ended neither `completed` nor `incomplete` (running ones not counted). */
  readonly failed: number;
  /** Of the requests whose price was known; null = of none. */
  readonly cost_usd: number | null;
  /** Requests with tokens and no known price: what `cost_usd` lacks. */
  readonly unpriced_requests: number;
  /** `cached_tokens / input_tokens`, 0 to 1; null without input tokens, or when no answer told its cached ones. */
  readonly cache_hit_rate: number | null;
}
