import { describe, expect, it } from 'vitest';
import {
  boundedCauses,
  errorsOf,
  LATENCY_BOUNDS,
  MAX_CAUSES_KEPT,
  pointOf,
  type SeriesCell,
} from './series-slices.js';

const cell = (patch: Partial<SeriesCell>): SeriesCell => ({
  at: 0,
  cause: null,
  bucket: null,
  requests: 1,
  timed: patch.requests ?? 1,
  input_tokens: null,
  cached_tokens: null,
  output_tokens: null,
  cost: null,
  ...patch,
});

describe('a slice of the series', () => {
  it('tells unknown from zero', () => {
    expect(pointOf(5, [])).toEqual({
      at: 5,
      requests: 0,
      failed: 0,
      input_tokens: null,
      cached_tokens: null,
      output_tokens: null,
      cost_usd: null,
      latency_p50_ms: null,
      latency_p95_ms: null,
    });
    expect(
      pointOf(5, [cell({ input_tokens: 0 }), cell({ input_tokens: null, cost: 2_000_000 })]),
    ).toMatchObject({
      requests: 2,
      input_tokens: 0,
      cost_usd: 2,
    });
  });

  it('estimates percentiles within the bucket they fall into', () => {
    const at = (bound: number): number => LATENCY_BOUNDS.findIndex((one) => one === bound);
    // 90 between 75 and 100 ms, 10 between 800 and 1,200 ms.
    const point = pointOf(0, [
      cell({ bucket: at(100), requests: 90 }),
      cell({ bucket: at(1_200), requests: 10 }),
      cell({ cause: 'failed', requests: 50 }),
    ]);
    expect(point.latency_p50_ms).toBe(89);
    expect(point.latency_p95_ms).toBe(1_000);
    expect(point).toMatchObject({ requests: 150, failed: 50 });
  });

  it('knows of what is longer than every bound only that it is', () => {
    expect(pointOf(0, [cell({ bucket: LATENCY_BOUNDS.length })]).latency_p95_ms).toBe(LATENCY_BOUNDS.at(-1));
  });

  it('lists causes by how often they were, the rare ones together', () => {
    const causes = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
    const first = causes.map((cause, n) => cell({ cause, requests: 10 - n }));
    const errors = errorsOf([first, [cell({ cause: 'g', requests: 100 })]]);
    expect(errors.map(({ cause, total }) => `${cause} ${total}`)).toEqual([
      'g 104',
      'a 10',
      'b 9',
      'c 8',
      'other 18',
    ]);
    expect(errors[0]?.requests).toEqual([4, 100]);
    expect(errors.at(-1)?.requests).toEqual([18, 0]);
  });

  it('keeps the most frequent causes of each slice, and adds up the same', () => {
    const many = Array.from({ length: 500 }, (_, n) =>
      cell({ cause: `made_up_${n}`, requests: n + 1, input_tokens: n % 2 === 0 ? 1 : null }),
    );
    const answered = cell({ bucket: 3, requests: 7 });
    const before = [answered, cell({ cause: 'other', requests: 9_000 }), ...many];
    const kept = boundedCauses([...before, cell({ at: 60, cause: 'rare' })]);
    expect(kept).toHaveLength(1 + MAX_CAUSES_KEPT + 1 + 1);
    expect(
      pointOf(
        0,
        kept.filter(({ at }) => at === 0),
      ),
    ).toEqual(pointOf(0, before));
    expect(kept.filter(({ cause }) => cause === 'other')).toHaveLength(1);
    expect(kept.at(-1)).toMatchObject({ at: 60, cause: 'rare' });
    const lines = errorsOf([kept]).map(({ cause }) => cause);
    expect(lines).toEqual(['made_up_499', 'made_up_498', 'made_up_497', 'made_up_496', 'other']);
  });
});
