import { describe, expect, it } from 'vitest';
import type { ShownState } from '../../common/request-states.js';
import { ApiError } from './api-error.js';
import { stillPending } from './still-pending.js';

const unknown = new ApiError(404, 'request_not_found', 'No such request.', null);
const ended = (state: ShownState, finished_at: number | null) => ({ state, started_at: 0, finished_at });

describe('a request that is looked at', () => {
  it('is read again while it runs, and until what it left has come', () => {
    expect(stillPending(null, null, 0, 0)).toBe(true);
    expect(stillPending(ended('in_progress', null), null, 0, 3_600_000)).toBe(true);
    expect(stillPending(ended('rejected', 1_000_000), null, 0, 1_003_000)).toBe(true);
    expect(stillPending(ended('rejected', 1_000_000), null, 0, 1_060_000)).toBe(false);
    expect(stillPending(ended('interrupted', null), null, 0, 60_000)).toBe(false);
  });

  it('is not asked for any more when it is still unknown after a while; other errors pass', () => {
    expect(stillPending(null, unknown, 1_000, 3_000)).toBe(true);
    expect(stillPending(null, unknown, 1_000, 61_000)).toBe(false);
    expect(stillPending(null, new ApiError(503, 'database_unavailable', '', null), 1_000, 61_000)).toBe(true);
  });
});
