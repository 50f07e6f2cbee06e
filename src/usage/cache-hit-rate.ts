/** Sums over answers; null = none of them told. */
export interface PromptTokens {
  readonly input_tokens: number | null;
  readonly cached_tokens: number | null;
}

/** Which part of the prompts came out of the cache, 0 to 1; null where no input is known, or nothing of its cached part. */
export function cacheHitRate({ input_tokens, cached_tokens }: PromptTokens): number | null {
  if (input_tokens === null || cached_tokens === null || input_tokens === 0) return null;
  return cached_tokens / input_tokens;
}
