/** Tokens of one response. `null` = the upstream did not say; 0 = it said zero. Never confuse the two. */
export interface TokenUsage {
  readonly inputTokens: number | null;
  readonly cachedTokens: number | null;
  readonly cacheWriteTokens: number | null;
  readonly outputTokens: number | null;
  readonly reasoningTokens: number | null;
  readonly totalTokens: number | null;
}
