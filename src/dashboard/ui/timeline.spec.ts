import { describe, expect, it } from 'vitest';
import { timelineOf } from './timeline.js';
import type { RequestDetail } from './wire-history.js';

const detail = (request: object, attempts: object[], decisions: object[]): RequestDetail =>
  ({
    request: { started_at: 1_000, finished_at: null, latency_ms: null, first_byte_ms: null, ...request },
    attempts,
    decisions,
    bodies: [],
  }) as unknown as RequestDetail;

describe('the timeline of a request', () => {
  it('goes from the wait through the attempts and the first byte to the end', () => {
    const { total, bars } = timelineOf(
      detail(
        { state: 'completed', latency_ms: 500, first_byte_ms: 300 },
        [
          { n: 1, resource_id: 'a', class: 'B', started_at: 1_100, duration_ms: 50 },
          { n: 2, resource_id: 'b', class: 'ok', started_at: 1_150, duration_ms: 150 },
        ],
        [{ at: 1_100, waited_ms: 100 }],
      ),
      9_999,
    );
    expect(total).toBe(500);
    expect(bars.map(({ name, kind, from, length }) => [name, kind, from, length])).toEqual([
      ['Waited for a place', 'wait', 0, 100],
      ['Attempt 1 on a', 'failed', 100, 50],
      ['Attempt 2 on b', 'ok', 150, 150],
      ['First byte', 'mark', 300, 0],
      ['Answer', 'answer', 300, 200],
      ['End: completed', 'mark', 500, 0],
    ]);
  });

  it('runs until now while the request does, and keeps what other clocks wrote within the picture', () => {
    const running = detail(
      { state: 'in_progress' },
      [{ n: 1, resource_id: 'a', class: 'ok', started_at: 900, duration_ms: 5_000 }],
      [],
    );
    const { total, bars } = timelineOf(running, 3_000);
    expect(total).toBe(2_000);
    expect(bars).toEqual([
      { name: 'Attempt 1 on a', kind: 'ok', from: 0, length: 2_000 },
      { name: 'Still running', kind: 'mark', from: 2_000, length: 0 },
    ]);
  });
});
