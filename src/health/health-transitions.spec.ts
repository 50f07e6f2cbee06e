import { describe, expect, it } from 'vitest';
import { answered } from '../../test/support/routing-world.js';
import { initialHealth } from './health-state.js';
import { applyOutcome } from './passive-health.js';
import { applyProbe } from './probe-health.js';

const NOW = 1_000_000;

/** After four 500s. */
const failing = [1, 2, 3, 4].reduce(
  (state) => applyOutcome(state, 'm', answered(500), NOW),
  initialHealth(NOW),
);

describe('the fifth failure in a row', () => {
  it('that names a longer time than it is put aside for is a pause, which no last resort breaks', () => {
    const { verdict, reason } = applyOutcome(failing, 'm', answered(503, null, 60_000), NOW);
    expect([verdict, reason]).toEqual([{ kind: 'cooling', until: NOW + 60_000 }, 'overloaded']);
  });

  it('that names a shorter one puts it aside all the same', () => {
    const { verdict, reason } = applyOutcome(failing, 'm', answered(503, null, 1_000), NOW);
    expect([verdict?.kind, reason]).toEqual(['ejected', 'server_errors']);
  });

  it('when a probe hears it, does not show that requests would', () => {
    const answer = { status: 500, latencyMs: 5, error: null, organization: null, code: null };
    const { verdict, plain } = applyProbe(failing, answer, NOW, false);
    expect([verdict?.kind, failing.plain, plain]).toEqual(['ejected', 4, 0]);
  });
});
