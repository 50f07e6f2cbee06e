import type { TokenUsage } from './token-usage.js';

/** US dollars per million tokens, which is millionths of a dollar per token. */
export type Rate = number | TieredRate;

/** The rate of the whole request depends on how long its prompt is. */
export interface TieredRate {
  readonly base: number;
  /** Rising; a tier holds for prompts of more tokens than `start`. */
  readonly tiers: readonly { readonly start: number; readonly price: number }[];
}

/** What a model's tokens cost. Null = no rate of its own. */
export interface ModelRates {
  readonly input: Rate;
  /** As `input` when null, like `cacheWrite`. */
  readonly cachedInput: Rate | null;
  readonly cacheWrite: Rate | null;
  /** Null = the model is not sold by its output (embeddings). */
  readonly output: Rate | null;
  /** As `output` when null. */
  readonly reasoning: Rate | null;
}

/**
 * Millionths of a US dollar, whole ones. Cached and written tokens are parts of the input, reasoning is a part of the
 * output. Null where the input or the output is not known, or the parts are more than the whole: unknown is never 0.
 */
export function tokenCost(usage: TokenUsage, rates: ModelRates): number | null {
  const { inputTokens } = usage;
  if (inputTokens === null) return null;
  const at = (rate: Rate): number => rateAt(rate, inputTokens);
  const input = inputCost(inputTokens, usage, rates, at);
  const output = outputCost(usage, rates, at);
  return input === null || output === null ? null : Math.round(input + output);
}

type At = (rate: Rate) => number;

function inputCost(input: number, usage: TokenUsage, rates: ModelRates, at: At): number | null {
  const [cached, written] = [usage.cachedTokens ?? 0, usage.cacheWriteTokens ?? 0];
  const rest = input - cached - written;
  if (rest < 0) return null;
  const { cachedInput, cacheWrite } = rates;
  return (
    rest * at(rates.input) + cached * at(cachedInput ?? rates.input) + written * at(cacheWrite ?? rates.input)
  );
}

function outputCost(usage: TokenUsage, rates: ModelRates, at: At): number | null {
  const { outputTokens: output, reasoningTokens } = usage;
  const reasoning = reasoningTokens ?? 0;
  if (output === null || reasoning > output) return null;
  if (rates.output === null) return output === 0 ? 0 : null;
  return (output - reasoning) * at(rates.output) + reasoning * at(rates.reasoning ?? rates.output);
}

function rateAt(rate: Rate, promptTokens: number): number {
  if (typeof rate === 'number') return rate;
  return rate.tiers.findLast(({ start }) => promptTokens > start)?.price ?? rate.base;
}
