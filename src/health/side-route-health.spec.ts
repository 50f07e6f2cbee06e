import { describe, expect, it } from 'vitest';
import { answered, routingWorld, SERVED } from '../../test/support/routing-world.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';

const THREE = [{ key: 'a' }, { key: 'b' }, { key: 'c' }];
const models = { routeKind: 'models' } as const;

/** What one answer to `GET /v1/models` makes of a key that serves. */
function afterModels(outcome: AttemptOutcome, times = 1): string {
  const world = routingWorld([{ key: 'a' }]);
  world.serve();
  for (let n = 0; n < times; n++) world.health.report('openai-1', null, outcome, undefined, false);
  const { status, reason } = world.health.of('openai-1');
  return `${status}/${reason}`;
}

describe('health: answers on routes that do not run the model', () => {
  it.each([
    ['403 missing_scope', answered(403, 'missing_scope')],
    ['401 missing_scope', answered(401, 'missing_scope')],
    ['403 insufficient_permissions', answered(403, 'insufficient_permissions')],
    ['403 that says nothing of the key', answered(403)],
    ['401 that says nothing of the key', answered(401, 'invalid_request_error')],
    ['429 without a time', answered(429, 'rate_limit_exceeded')],
    ['404', answered(404, 'not_found')],
  ])('do not condemn a key that serves: %s', (_name, outcome) => {
    expect(afterModels(outcome)).toBe('healthy/served');
  });

  it.each([
    ['401 invalid_api_key', answered(401, 'invalid_api_key'), 'unhealthy/invalid_key'],
    ['401 account_deactivated', answered(401, 'account_deactivated'), 'unhealthy/invalid_key'],
    ['403 account_deactivated', answered(403, 'account_deactivated'), 'unhealthy/forbidden'],
    ['429 insufficient_quota', answered(429, 'insufficient_quota'), 'unhealthy/insufficient_quota'],
    ['429 with a time', answered(429, 'rate_limit_exceeded', 5_000), 'degraded/rate_limited'],
  ])('condemn it where they speak of the key itself: %s', (_name, outcome, expected) => {
    expect(afterModels(outcome)).toBe(expected);
  });

  it('do not eject it for errors of that route, nor for a stored response that failed once', () => {
    expect(afterModels(answered(500), 9)).toBe('healthy/served');
    expect(afterModels({ kind: 'failed_in_stream', code: 'server_error', message: null }, 9)).toBe(
      'healthy/served',
    );
  });

  it('eject it when it cannot be reached', () => {
    expect(afterModels({ kind: 'unsent', cause: 'refused', message: '' }, 3)).toBe('unhealthy/unreachable');
  });

  it('do not end a row of failures of the model', () => {
    const world = routingWorld(THREE);
    world.fail('openai-1', answered(500), 4);
    world.health.report('openai-1', null, SERVED, undefined, false);
    world.fail('openai-1', answered(500));
    expect(world.health.of('openai-1').reason).toBe('server_errors');
  });

  it('lift neither a quota nor a 403 verdict, and give back the try they took', () => {
    for (const refusal of [answered(403), answered(429, 'insufficient_quota')]) {
      const world = routingWorld([{ key: 'a' }]);
      world.fail('openai-1', refusal);
      world.clock.advance(300_000);
      world.acquire(models).release(SERVED);
      expect(world.health.of('openai-1').status).toBe('unhealthy');
      world.acquire().release(SERVED);
      expect(world.health.of('openai-1').status).toBe('healthy');
    }
  });

  it('leave every key to the next create when all of them lack the scope for a GET', () => {
    const world = routingWorld(THREE);
    const tried: string[] = [];
    for (let n = 0; n < 3; n++) {
      const lease = world.acquire(models, tried);
      lease.release(answered(403, 'missing_scope'));
      tried.push(lease.resource.id);
    }
    const { decision } = world.acquire();
    expect(decision.candidates.map(({ health }) => health)).toEqual(['unknown', 'unknown', 'unknown']);
    expect(decision.reason).toBe('least_connections');
  });

  it('condemn the key when the same answer comes to a create or a compaction', () => {
    for (const routeKind of ['create', 'compact'] as const) {
      const world = routingWorld([{ key: 'a' }]);
      world.acquire({ routeKind }).release(answered(403, 'missing_scope'));
      expect(world.health.of('openai-1').reason).toBe('forbidden');
    }
  });
});
