/** Tokens of one answer or the sums of several, as the API names them; null = nobody has said. */
export interface TokenFields {
  readonly input_tokens: number | null;
  /** Part of `input_tokens` served from the prompt cache. */
  readonly cached_tokens: number | null;
  readonly cache_write_tokens: number | null;
  readonly output_tokens: number | null;
  /** Part of `output_tokens` spent on reasoning. */
  readonly reasoning_tokens: number | null;
  readonly total_tokens: number | null;
}
