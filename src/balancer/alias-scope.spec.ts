import { describe, expect, it } from 'vitest';
import { answered, learnt, NO_HINTS, routingWorld, SERVED } from '../../test/support/routing-world.js';
import type { AliasPin } from '../common/alias-pin.js';

const KEYS = [
  { key: 'a', pool: 'left' },
  { key: 'b', pool: 'right' },
  { key: 'c', pool: 'right' },
];

const pin = (over: Partial<AliasPin> = {}): AliasPin => ({
  alias: 'team',
  upstreamId: 'gpt-5',
  resourceId: null,
  poolId: null,
  ...over,
});

const rejections = (decision: { candidates: readonly { rejected: string | null }[] }) =>
  decision.candidates.map(({ rejected }) => rejected);

describe('a request for an alias', () => {
  it('goes to its provider alone, whatever the load and whoever served its session', () => {
    const world = routingWorld(KEYS);
    world.serve({ sessionId: 's', poolId: 'left' }, {});
    const alias = pin({ resourceId: 'openai-3' });
    for (let n = 0; n < 50; n++)
      expect(world.acquire({ model: 'team', alias, sessionId: 's' }).resource.id).toBe('openai-3');
    const { decision } = world.acquire({ model: 'team', alias });
    expect(rejections(decision)).toEqual(['not_of_alias', 'not_of_alias', null]);
    expect(decision.model).toBe('team');
    expect(decision.explanation).toContain(
      'the alias "team" stands for gpt-5, served by the provider "openai-3" alone',
    );
  });

  it('goes to its pool alone', () => {
    const world = routingWorld(KEYS);
    const alias = pin({ poolId: 'right' });
    const ids = Array.from({ length: 20 }, () => world.serve({ model: 'team', alias, poolId: 'right' }));
    expect(new Set(ids)).toEqual(new Set(['openai-2', 'openai-3']));
  });

  it('is refused in words when its provider takes none, and when what it refers to is elsewhere', () => {
    const world = routingWorld(KEYS);
    const gone = world.refused({ model: 'team', alias: pin({ resourceId: 'team-azure' }) });
    expect([gone.code, gone.message]).toEqual([
      'no_available_resources',
      'The alias "team" is served by the provider "team-azure" alone, and that takes no requests; GET /admin/models says why.',
    ]);
    world.acquire({ poolId: 'left' }).release(SERVED, learnt({ responseId: 'resp_1' }));
    const lost = world.refused({
      model: 'team',
      alias: pin({ resourceId: 'openai-2' }),
      previousResponseId: 'resp_1',
    });
    expect([lost.code, lost.message]).toEqual([
      'affinity_lost',
      expect.stringContaining('belongs to openai-1, and the alias asked for, "team"'),
    ]);
  });

  it('never falls on another in the last resort', () => {
    const world = routingWorld(KEYS);
    world.fail('openai-3', { kind: 'unsent', cause: 'refused', message: '' }, 10);
    const alias = pin({ resourceId: 'openai-3' });
    expect(world.acquire({ model: 'team', alias }).resource.id).toBe('openai-3');
  });

  it('shares what is known of the upstream’s model with those who ask for it by name', () => {
    const world = routingWorld(KEYS);
    const alias = pin({ poolId: 'left' });
    const lease = world.acquire({ model: 'team', alias, poolId: 'left' });
    lease.release(answered(403, 'model_not_found'));
    expect(world.health.refusal('openai-1', 'gpt-5', world.clock.monotonic())?.reason).toBe('model_denied');
    expect(world.health.refusal('openai-1', 'team', world.clock.monotonic())).toBeNull();
    expect(rejections(world.balancer.explain({ ...NO_HINTS, model: 'gpt-5' }))[0]).toBe('model_denied');
  });
});
