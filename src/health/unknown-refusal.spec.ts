import { describe, expect, it } from 'vitest';
import { answered, SERVED } from '../../test/support/routing-world.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';
import { initialHealth, type HealthState } from './health-state.js';
import { refusalOf } from './health-view.js';
import { admit, applyOutcome } from './passive-health.js';
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

describe('a 403 with a code nobody here knows, which no other key can speak to', () => {
  /** `[given at, of a request that left at]`, one after the other. */
  const given = (...times: (readonly [at: number, leftAt: number])[]): HealthState =>
    times.reduce(
      (state, [at, leftAt]) => applyOutcome(state, 'm', STRANGE, NOW + at, NOW + leftAt),
      initialHealth(NOW),
    );
  const outAt = (state: HealthState, at: number): number | null => {
    const until = refusalOf(state, 'm', NOW + at)?.until ?? null;
    return until === null ? null : until - NOW;
  };

  it('puts the key aside for a second, after which all may try', () => {
    const once = given([0, -10]);
    expect([once.status, once.reason, outAt(once, 0)]).toEqual(['unhealthy', 'forbidden', 1_000]);
    const tried = admit(once, NOW + 1_000);
    expect([outAt(tried, 1_000), outAt(tried, 1_001)]).toEqual([null, null]);
  });

  it('counts once for all that was under way', () => {
    expect(outAt(given([0, -10], [5, -5], [20, -1]), 20)).toBe(1_000);
  });

  it('lasts four times as long with each that follows, five minutes at most, and one may try then', () => {
    const again = given([0, -10], [1_010, 1_001]);
    expect(outAt(again, 1_010)).toBe(1_010 + 4_000);
    const tried = admit(again, NOW + 5_010);
    expect(outAt(tried, 5_010)).toBe(5_010 + 4_000);
    const often = given(...[0, 1, 2, 3, 4, 5, 6, 7].map((n) => [n * 1_000_000, n * 1_000_000 - 1] as const));
    expect(outAt(often, 7_000_000)).toBe(7_000_000 + 300_000);
  });

  it('is over with the first request that is served, and begins anew', () => {
    const served = applyOutcome(given([0, -10]), 'm', SERVED, NOW + 1_500, NOW + 1_001);
    expect(outAt(served, 1_500)).toBeNull();
    expect(outAt(applyOutcome(served, 'm', STRANGE, NOW + 2_000, NOW + 1_900), 2_000)).toBe(3_000);
  });
});
