import { describe, expect, it } from 'vitest';
import { answered, routingWorld, SERVED } from '../../test/support/routing-world.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';

const THREE = [{ key: 'a' }, { key: 'b' }, { key: 'c' }];
const UNSENT: AttemptOutcome = { kind: 'unsent', cause: 'refused', message: 'ECONNREFUSED' };

describe('Balancer: nobody left', () => {
  it('names the variables when no key is configured', () => {
    const refusal = routingWorld([]).refused();
    expect(refusal.code).toBe('no_available_resources');
    for (const name of ['OPENAI_API_KEY,', 'OPENAI_API_KEYS', 'OPENAI_API_KEY_1'])
      expect(refusal.message).toContain(name);
    expect(refusal.toHeaders()).toEqual({ 'x-should-retry': 'false' });
  });

  it('names the pools when the one asked for has no resources', () => {
    const world = routingWorld([
      { key: 'a', pool: 'p' },
      { key: 'b', pool: 'q' },
    ]);
    expect(world.refused({ poolId: 'z' }).message).toBe('Pool "z" has no resources. Pools: "p", "q".');
  });

  it('names each reason, and when the first is back', () => {
    const world = routingWorld(THREE);
    world.fail('openai-1', answered(401));
    world.fail('openai-2', answered(429, 'rate_limit_exceeded', 30_000));
    world.fail('openai-3', answered(429, 'insufficient_quota'));
    const refusal = world.refused();
    expect(refusal.message).toBe(
      'All resources are unavailable: openai-1 unhealthy (invalid_key), openai-2 cooling (rate_limited, 30 s), openai-3 unhealthy (insufficient_quota, 300 s).',
    );
    expect(refusal.toHeaders()).toEqual({ 'retry-after': '30', 'x-should-retry': 'true' });
  });

  it('does not invite a retry when nothing is due within a minute', () => {
    const world = routingWorld([{ key: 'a' }]);
    world.fail('openai-1', answered(429, 'insufficient_quota'));
    expect(world.refused().toHeaders()).toEqual({ 'retry-after': '60', 'x-should-retry': 'false' });
  });

  it('uses the least bad one when errors alone shut everybody out, and only on the first attempt', () => {
    const world = routingWorld(THREE);
    world.fail('openai-1', answered(401));
    world.fail('openai-2', UNSENT, 3);
    world.clock.advance(5_000);
    world.fail('openai-3', UNSENT, 3);
    const { decision } = world.acquire();
    expect(decision).toMatchObject({ resourceId: 'openai-2', reason: 'last_resort' });
    expect(decision.candidates.map((one) => one.rejected)).toEqual(['unhealthy', null, 'unhealthy']);
    expect(world.refused({}, ['openai-2']).code).toBe('no_available_resources');
  });

  it('makes a bound request wait for a failing owner while others are well', () => {
    const world = routingWorld(THREE);
    const owner = world.serve({}, { responseId: 'resp_1' });
    world.fail(owner, answered(500), 5);
    expect(world.refused({ previousResponseId: 'resp_1' }).code).toBe('affinity_unavailable');
    for (const id of ['openai-1', 'openai-2', 'openai-3']) world.fail(id, answered(500), 5);
    expect(world.acquire({ previousResponseId: 'resp_1' }).resource.id).toBe(owner);
  });

  it('prefers keys that have the model, and asks again when every key has refused it', () => {
    const world = routingWorld(THREE);
    const denied = answered(404, 'model_not_found');
    world.health.report('openai-1', 'gpt-x', denied);
    world.health.report('openai-2', 'gpt-x', denied);
    expect(world.acquire({ model: 'gpt-x' }).resource.id).toBe('openai-3');
    world.health.report('openai-3', 'gpt-x', denied);
    expect(world.acquire({ model: 'gpt-x' }).decision.reason).toBe('model_denied_everywhere');
    expect(world.acquire({ model: 'gpt-y' }).decision.reason).toBe('least_connections');
  });
});

describe('Balancer: trials and restoring', () => {
  it('lets one request try an ejected resource, not all of them', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    world.balancer.random = () => 0.5;
    world.fail('openai-1', answered(503), 5);
    world.clock.advance(31_000);
    for (let n = 0; n < 4; n++) world.live.enter('openai-2');
    const trial = world.acquire();
    expect(trial.resource.id).toBe('openai-1');
    expect(world.acquire().resource.id).toBe('openai-2');
    trial.release(SERVED);
    // It starts slowly.
    expect(world.acquire().resource.id).toBe('openai-2');
    world.clock.advance(10_000);
    expect(world.acquire().resource.id).toBe('openai-1');
  });

  it('restores the newest that fit, and lets what is known here stand', () => {
    const world = routingWorld(THREE, { maxEntries: 4 });
    const at = world.clock.now();
    const home = world.serve({ sessionId: 'live' });
    const old = (id: string, boundAt: number, expiresAt = at + 1000) =>
      ({
        callerId: 'loopback',
        kind: 'session',
        id,
        fingerprint: 'f',
        organization: null,
        cachedTokens: null,
        boundAt,
        expiresAt,
      }) as const;
    world.balancer.restore([
      old('live', at - 1),
      old('2', at - 20),
      old('1', at - 10),
      old('4', at - 40),
      old('3', at - 30),
      old('5', at - 5, at),
    ]);
    const known = ['live', '1', '2', '3', '4', '5'].filter((id) =>
      world.live.binding({ callerId: 'loopback', kind: 'session', id }, at),
    );
    expect(known).toEqual(['live', '1', '2', '3']);
    expect(world.serve({ sessionId: 'live' })).toBe(home);
  });
});
