import { describe, expect, it } from 'vitest';
import { answered, SERVED } from '../../test/support/routing-world.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { initialHealth, type HealthState } from './health-state.js';
import { refusalOf } from './health-view.js';
import { applyOutcome } from './passive-health.js';
import { acquit } from './unknown-refusal.js';

const NOW = 1_000_000;
const STRANGE = answered(403, 'strange');

function after(...outcomes: AttemptOutcome[]): HealthState {
  return outcomes.reduce((state, one) => applyOutcome(state, 'm', one, NOW), initialHealth(NOW));
}

function summary(state: HealthState): string {
  const refusal = refusalOf(state, 'm', NOW);
  const wait = refusal?.until === undefined || refusal.until === null ? '' : ` ${refusal.until - NOW}`;
  return `${state.status}/${state.reason} ${refusal?.reason ?? 'usable'}${wait}`;
}

describe('a 403 with a code nobody here knows, taken back', () => {
  it.each<[string, AttemptOutcome[], string]>([
    ['leaves nothing behind', [STRANGE], 'healthy/request_refused usable'],
    ['twice', [STRANGE, STRANGE], 'healthy/request_refused usable'],
    ['gives back the pause before it', [answered(429), STRANGE], 'degraded/rate_limited cooling 20000'],
    [
      'gives way to a pause asked for meanwhile',
      [STRANGE, answered(429, null, 50_000), answered(429)],
      'degraded/rate_limited cooling 50000',
    ],
    ['and to a refusal of the key', [STRANGE, answered(401)], 'unhealthy/invalid_key unhealthy'],
    [
      'and to the end of its quota',
      [STRANGE, answered(429, 'insufficient_quota')],
      'unhealthy/insufficient_quota unhealthy 300000',
    ],
    [
      'stands where a second one followed',
      [STRANGE, answered(403, 'other')],
      'unhealthy/forbidden unhealthy 300000',
    ],
    [
      'stands where the code is but a type',
      [{ ...STRANGE, codeIsType: true }],
      'unhealthy/forbidden unhealthy 300000',
    ],
  ])('%s', (_, outcomes, expected) => {
    expect(summary(acquit(after(...outcomes), 'strange', NOW))).toBe(expected);
  });

  it('shows until something is served', () => {
    const served = applyOutcome(acquit(after(STRANGE), 'strange', NOW), 'm', SERVED, NOW);
    expect(summary(served)).toBe('healthy/served usable');
  });
});
