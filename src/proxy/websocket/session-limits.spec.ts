import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/load-config.js';
import { limitReached } from './session-limits.js';
import type { SessionTimes } from './session-limits.js';

const config = loadConfig({}, '0.0.0');
const fine: SessionTimes = {
  open: 0,
  unanswered: false,
  oldest: 0,
  quiet: 0,
  silent: 0,
  clientStalled: null,
  upstreamStalled: null,
};
const over = (times: Partial<SessionTimes>): object | null => limitReached({ ...fine, ...times }, config);

describe('limitReached', () => {
  it('lets be what is within its limits', () => {
    expect(over({})).toBeNull();
    expect(over({ open: 1, quiet: 10_000_000 })).toBeNull();
    expect(over({ open: 1, unanswered: true, silent: 400_000 })).toBeNull();
    expect(over({ open: 1, silent: 400_000, clientStalled: 1_000 })).toBeNull();
  });

  it.each<[Partial<SessionTimes>, object]>([
    [{ quiet: 600_001 }, { kind: 'idle' }],
    [
      { open: 1, silent: 300_001 },
      { how: 'cut', code: 1011 },
    ],
    [
      { open: 1, unanswered: true, silent: 600_001 },
      { how: 'cut', code: 1011 },
    ],
    [
      // The limits are equal by default: who never answered counts against its key, who answers at length does not.
      { open: 1, unanswered: true, oldest: 600_500, silent: 600_500 },
      { how: 'cut', failure: { kind: 'lost', cause: 'first_byte_timeout' } },
    ],
    [
      { open: 2, unanswered: true, oldest: 600_001, silent: 1_000 },
      { how: 'cut', failure: { kind: 'lost', cause: 'total_timeout' } },
    ],
    [
      { open: 1, oldest: 600_001 },
      { how: 'cut', failure: { kind: 'lost', cause: 'total_timeout' } },
    ],
    [{ clientStalled: 300_001 }, { how: 'stalled', code: null }],
    [{ upstreamStalled: 300_001 }, { how: 'cut', code: 1011 }],
  ])('%j', (times, expected) => {
    expect(over(times)).toMatchObject(expected);
  });
});
