import { describe, expect, it, vi } from 'vitest';
import type { LiveState } from '../state/live-state.js';
import { answered, learnt, NO_HINTS, routingWorld, SERVED } from '../../test/support/routing-world.js';

const TWO = [{ key: 'a' }, { key: 'b' }];
const ref = { previousResponseId: 'resp_1' };
const limited = (ms: number) => answered(429, 'rate_limit_exceeded', ms);

describe('Balancer: an owner whose key the upstream refuses', () => {
  it('is lost, not "try again": 409 that names it and says why', () => {
    const world = routingWorld(TWO);
    const owner = world.serve({}, { responseId: 'resp_1' });
    world.fail(owner, answered(401));
    const refusal = world.refused(ref);
    expect(refusal).toMatchObject({ code: 'affinity_lost', status: 409 });
    expect(refusal.toHeaders()).toEqual({ 'x-should-retry': 'false' });
    expect(refusal.message).toContain(`belongs to ${owner}, and the upstream refused the key`);
    expect(refusal.message).toContain('invalid_key');
    expect(refusal.decision).toMatchObject({ affinityResult: 'lost', resourceId: null });
  });

  it('is found again once its key is accepted', () => {
    const world = routingWorld(TWO);
    const owner = world.serve({}, { responseId: 'resp_1' });
    world.fail(owner, answered(401));
    world.health.probed(
      owner,
      { status: 200, latencyMs: 1, error: null, organization: null, code: null },
      false,
    );
    expect(world.acquire(ref).resource.id).toBe(owner);
  });

  it('is lost for encrypted content when every key of its organisation is refused', () => {
    const world = routingWorld([
      { key: 'a', organization: 'x' },
      { key: 'b', organization: 'x' },
      { key: 'c', organization: 'y' },
    ]);
    world.acquire({}, ['openai-2', 'openai-3']).release(SERVED, learnt({ sealed: ['d'] }));
    world.fail('openai-1', answered(401));
    world.fail('openai-2', answered(403));
    expect(world.refused({ sealedDigests: ['d'] }).code).toBe('affinity_unavailable');
    world.health.report('openai-2', null, SERVED);
    world.fail('openai-2', answered(401));
    expect(world.refused({ sealedDigests: ['d'] }).code).toBe('affinity_lost');
  });

  it('is only unavailable while a time is due, or while it is merely busy', () => {
    const world = routingWorld(TWO);
    const owner = world.serve({}, { responseId: 'resp_1' });
    world.fail(owner, answered(403));
    expect(world.refused(ref).code).toBe('affinity_unavailable');
  });
});

describe('Balancer: every key of the pool is rate limited', () => {
  it('says 429 with the time of the first that is free', () => {
    const world = routingWorld(TWO);
    world.fail('openai-1', limited(30_000));
    world.fail('openai-2', limited(12_300));
    const refusal = world.refused();
    expect(refusal).toMatchObject({ code: 'upstream_rate_limited', status: 429 });
    expect(refusal.toHeaders()).toEqual({ 'retry-after': '13', 'x-should-retry': 'true' });
    expect(refusal.message).toContain('openai-2 cooling (rate_limited, 13 s)');
    expect(refusal.decision).toMatchObject({ reason: 'upstream_rate_limited', resourceId: null });
  });

  it('never says to wait for more than a minute', () => {
    const world = routingWorld(TWO);
    for (const id of ['openai-1', 'openai-2']) world.fail(id, limited(600_000));
    expect(world.refused().toHeaders()).toEqual({ 'retry-after': '60', 'x-should-retry': 'false' });
  });

  it('looks at the pool asked for alone', () => {
    const world = routingWorld([{ key: 'a', pool: 'p' }, { key: 'b' }]);
    world.fail('openai-1', limited(5_000));
    expect(world.refused({ poolId: 'p' }).code).toBe('upstream_rate_limited');
  });

  it('says 503 with the soonest time when the causes are mixed', () => {
    const world = routingWorld(TWO);
    world.fail('openai-1', limited(30_000));
    world.fail('openai-2', answered(429, 'insufficient_quota'));
    const refusal = world.refused();
    expect(refusal).toMatchObject({ code: 'no_available_resources', status: 503 });
    expect(refusal.toHeaders()).toEqual({ 'retry-after': '30', 'x-should-retry': 'true' });
  });

  it.each([
    [5_000, '5', 'true'],
    [600_000, '60', 'false'],
  ])(
    'says 503 to what only the limited key can continue, and whether to ask again: a pause of %i ms',
    (ms, wait, again) => {
      const world = routingWorld([{ key: 'a' }]);
      world.serve({}, { responseId: 'resp_1' });
      world.fail('openai-1', limited(ms));
      const refusal = world.refused(ref);
      expect(refusal).toMatchObject({ code: 'affinity_unavailable', status: 503 });
      expect(refusal.toHeaders()).toEqual({ 'retry-after': wait, 'x-should-retry': again });
    },
  );
});

describe('Balancer: items of stored responses', () => {
  it('brings a reference to an item to the key that has it', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }, { key: 'c' }]);
    const owner = world.serve({}, { responseId: 'resp_1', items: ['rs_1', 'msg_1'] });
    for (let n = 0; n < 9; n++) world.live.enter(owner);
    for (const id of ['rs_1', 'msg_1']) {
      const { resource, decision } = world.acquire({ itemReferenceIds: ['unknown', id] });
      expect(resource.id).toBe(owner);
      expect(decision).toMatchObject({
        affinityClass: 'hard',
        affinityKind: 'item_reference',
        affinityResult: 'hit',
      });
    }
  });

  it('remembers none of an answer that was not stored', () => {
    const world = routingWorld(TWO);
    world.serve({ store: false }, { responseId: 'resp_1', items: ['msg_1'] });
    expect(world.live.bindingCount).toBe(0);
  });

  it('learns the owner of an item it did not know from whoever served it', () => {
    const world = routingWorld(TWO);
    const owner = world.serve({ itemReferenceIds: ['msg_old'] });
    const { resource, decision } = world.acquire({ itemReferenceIds: ['msg_old'] });
    expect([resource.id, decision.affinityKind]).toEqual([owner, 'item_reference']);
  });
});

describe('Balancer: callers', () => {
  it('finds nothing that is bound for another caller: response, item, conversation or encrypted content', () => {
    const world = routingWorld(TWO);
    world.serve({ conversationId: 'conv_1' }, { responseId: 'resp_1', items: ['msg_1'], sealed: ['d'] });
    const others = [
      ref,
      { pathResponseId: 'resp_1' },
      { conversationId: 'conv_1' },
      { sealedDigests: ['d'] },
      { itemReferenceIds: ['msg_1'] },
    ];
    for (const hints of others) {
      expect(world.balancer.explain({ ...NO_HINTS, ...hints }).affinityResult).toBe('hit');
      const stranger = world.balancer.explain({ ...NO_HINTS, ...hints, callerId: 'stranger' });
      expect(stranger.affinityResult).not.toBe('hit');
      expect(stranger.candidates.every(({ rejected }) => rejected !== 'not_owner')).toBe(true);
    }
  });
});

describe('Balancer: an owner that nobody can be asked for', () => {
  it('is a decision like any other: who could have served, and that nobody guesses', async () => {
    const world = routingWorld(TWO);
    world.fail('openai-2', answered(401));
    vi.spyOn(world.live as LiveState, 'recall').mockReturnValue(Promise.resolve(false));
    const asked = world.balancer.recall({ ...NO_HINTS, ...ref });
    await expect(asked).rejects.toMatchObject({
      code: 'affinity_unavailable',
      options: { retryAfterSeconds: 1 },
      decision: {
        requestId: NO_HINTS.requestId,
        resourceId: null,
        reason: 'affinity_unavailable',
        affinityClass: 'hard',
        explanation: expect.stringContaining('cannot be looked up now') as string,
        candidates: [
          { resourceId: 'openai-1', chosen: false, rejected: 'owner_unknown' },
          { resourceId: 'openai-2', chosen: false, rejected: 'unhealthy' },
        ],
      },
    });
    expect(world.live.recentDecisions(9)).toEqual([]);
  });
});
