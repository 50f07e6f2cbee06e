import { expect, it } from 'vitest';
import { cacheHitRate } from './cache-hit-rate.js';

it.each([
  [null, null, null],
  [null, 5, null],
  [0, 0, null],
  [100, null, null],
  [100, 0, 0],
  [100, 40, 0.4],
  [100, 100, 1],
])('of %s input tokens, %s cached: a hit rate of %s', (input_tokens, cached_tokens, rate) => {
  expect(cacheHitRate({ input_tokens, cached_tokens })).toBe(rate);
});
