import { describe, expect, it } from 'vitest';
import { PromptTally } from './prompt-tally.js';

const T0 = 1_800_000_000_000;
const MINUTE = 60_000;

function told(
  inputTokens: number | null,
  cachedTokens: number | null,
  cacheWriteTokens: number | null = null,
) {
  const rest = { outputTokens: 1, reasoningTokens: null, totalTokens: null };
  return { inputTokens, cachedTokens, cacheWriteTokens, ...rest };
}

describe('PromptTally', () => {
  it('knows nothing until an answer has told, and then tells nothing from zero', () => {
    const tally = new PromptTally();
    expect([tally.input, tally.cached, tally.cacheWrite]).toEqual([null, null, null]);
    tally.add(told(null, null), T0);
    expect([tally.input, tally.cached, tally.cacheWrite]).toEqual([null, null, null]);
    expect(tally.recent(T0)).toEqual({ input: null, cached: null });
    tally.add(told(100, 0), T0);
    expect([tally.input, tally.cached, tally.cacheWrite]).toEqual([100, 0, null]);
    tally.add(told(50, 40, 3), T0);
    expect([tally.input, tally.cached, tally.cacheWrite]).toEqual([150, 40, 3]);
  });

  it('forgets what is older than a quarter of an hour in the moving sum only', () => {
    const tally = new PromptTally();
    for (let minute = 0; minute < 40; minute++) tally.add(told(10, minute), T0 + minute * MINUTE);
    expect([tally.input, tally.cached]).toEqual([400, 780]);
    const last = T0 + 39 * MINUTE;
    // Minutes 25 to 39.
    expect(tally.recent(last)).toEqual({ input: 150, cached: 480 });
    expect(tally.recent(last + 14 * MINUTE)).toEqual({ input: 10, cached: 39 });
    expect(tally.recent(last + 15 * MINUTE)).toEqual({ input: null, cached: null });
    // A quiet time longer than the window: the old places are used afresh.
    tally.add(told(7, 7), last + 100 * MINUTE);
    expect(tally.recent(last + 100 * MINUTE)).toEqual({ input: 7, cached: 7 });
  });
});
