import { expect, it } from 'vitest';
import { holdBack } from './drain-pace.js';

it.each([
  ['an idle loop', 0.1, 0, false],
  ['a loop with room', 0.85, 0, false],
  ['a busy loop', 0.97, 0, true],
  ['a loop that has been busy for two seconds', 1, 2_000, false],
])('%s (%d, held for %d ms): %s', (_what, utilization, heldMs, expected) => {
  expect(holdBack(utilization, heldMs)).toBe(expected);
});
