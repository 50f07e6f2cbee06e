import { describe, expect, it } from 'vitest';
import type { Clock } from '../common/clock.js';
import { steadyNow } from '../common/steady-now.js';
import type { HealthRefusal, ResourceHealth } from '../health/resource-health.js';
import { ResourceStandingService } from './resource-standing.service.js';

const AT = Date.parse('2026-01-02T03:04:00Z');
const clock: Clock = { now: () => AT, monotonic: () => 5_000 };

function problem(
  refusal: Partial<HealthRefusal> | null,
  told: Partial<ResourceHealth> = {},
  { inFlight = 0, most = null as number | null } = {},
): string | null {
  const health = {
    of: () => ({ reason: 'rate_limited', detail: null, ...told }) as ResourceHealth,
    refusal: () => (refusal === null ? null : ({ until: null, soft: false, ...refusal } as HealthRefusal)),
  };
  const standing = new ResourceStandingService(health, { inFlight: () => inFlight }, clock);
  return standing.problemOf({ id: 'team', maxConcurrency: most });
}

describe('why a resource takes no request', () => {
  it('is nothing while it may serve', () => {
    expect(problem(null)).toBeNull();
    expect(problem(null, {}, { inFlight: 1, most: 2 })).toBeNull();
  });
  it('is a pause that the upstream asked for, with its end', () => {
    expect(problem({ reason: 'cooling', until: steadyNow(clock) + 60_000 })).toBe(
      'It is paused (rate_limited). No request is sent there until 2026-01-02T03:05:00.000Z.',
    );
  });
  it('is what it was refused with, and no end where none is known', () => {
    expect(problem({ reason: 'unhealthy' }, { detail: 'The key is wrong.' })).toBe('The key is wrong.');
    expect(problem({ reason: 'unhealthy' }, { reason: 'unreachable' })).toBe(
      'It is unhealthy (unreachable).',
    );
  });
  it('is that all its places are taken', () => {
    expect(problem(null, {}, { inFlight: 2, most: 2 })).toContain('max_concurrency 2');
  });
});
