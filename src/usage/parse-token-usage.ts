import type { TokenUsage } from './token-usage.js';

/** Marks a count that is there but is not one. */
const BAD = Symbol('not a count');

/**
 * A `usage` object as the Responses API writes it, or with the older names. Null when there is none, when it says
 * nothing, or when any count in it is not a whole number from 0 up: half-believed numbers are worse than none.
 */
export function parseTokenUsage(value: unknown): TokenUsage | null {
  if (!isObject(value)) return null;
  const input = detailsOf(value, 'input_tokens_details', 'prompt_tokens_details');
  const output = detailsOf(value, 'output_tokens_details', 'completion_tokens_details');
  const counts = [
    count(value, 'input_tokens', 'prompt_tokens'),
    count(input, 'cached_tokens'),
    count(input, 'cache_write_tokens'),
    count(value, 'output_tokens', 'completion_tokens'),
    count(output, 'reasoning_tokens'),
    count(value, 'total_tokens'),
  ];
  if (counts.includes(BAD) || counts.every((one) => one === null)) return null;
  const [inputTokens, cachedTokens, cacheWriteTokens, outputTokens, reasoningTokens, totalTokens] =
    counts.map((one) => (typeof one === 'number' ? one : null));
  return {
    inputTokens: inputTokens ?? null,
    cachedTokens: cachedTokens ?? null,
    cacheWriteTokens: cacheWriteTokens ?? null,
    outputTokens: outputTokens ?? null,
    reasoningTokens: reasoningTokens ?? null,
    totalTokens: totalTokens ?? null,
  };
}

function detailsOf(value: object, ...names: readonly string[]): object {
  for (const name of names) {
    const details: unknown = own(value, name);
    if (isObject(details)) return details;
  }
  return {};
}

/** The first of the names that is there; `null` counts as absent. */
function count(value: object, ...names: readonly string[]): number | null | typeof BAD {
  for (const name of names) {
    const found: unknown = own(value, name);
    if (found === undefined || found === null) continue;
    return typeof found === 'number' && Number.isSafeInteger(found) && found >= 0 ? found : BAD;
  }
  return null;
}

function own(value: object, name: string): unknown {
  return Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined;
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
