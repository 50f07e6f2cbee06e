import { describe, expect, it } from 'vitest';
import { answered, learnt, NO_HINTS, routingWorld, SERVED } from '../../test/support/routing-world.js';

const THREE = [{ key: 'a' }, { key: 'b' }, { key: 'c' }];
const TWO_ORGS = [
  { key: 'a', organization: 'x' },
  { key: 'b', organization: 'x' },
  { key: 'c', organization: 'y' },
];

describe('Balancer: leases', () => {
  it('counts what is open, gives back once, and is 0 when idle', () => {
    const world = routingWorld(THREE);
    const leases = [1, 2, 3].map(() => world.acquire());
    expect(new Set(leases.map((lease) => lease.resource.id)).size).toBe(3);
    expect(world.live.localInFlight).toBe(3);
    for (const lease of leases) {
      lease.release(SERVED);
      expect(lease.release(SERVED, learnt({ responseId: 'r' }))).toEqual([]);
    }
    expect(world.live.localInFlight).toBe(0);
  });

  it('takes another resource on a further attempt', () => {
    const world = routingWorld(THREE);
    const first = world.acquire().resource.id;
    const second = world.acquire({}, [first]);
    expect(second.resource.id).not.toBe(first);
    expect(second.decision).toMatchObject({ attempt: 2, reason: 'retry_elsewhere' });
    expect(second.decision.candidates.find((one) => one.resourceId === first)?.rejected).toBe(
      'already_tried',
    );
  });

  it('explains every candidate, and remembers the decision', () => {
    const world = routingWorld([{ key: 'a', pool: 'p' }, { key: 'b', pool: 'p' }, { key: 'c' }]);
    world.fail('openai-2', answered(401));
    const { decision } = world.acquire({ poolId: 'p' });
    expect(decision.candidates.map((one) => one.rejected)).toEqual([null, 'unhealthy', 'other_pool']);
    expect(decision).toMatchObject({
      reason: 'only_candidate',
      affinityClass: 'free',
      resourceId: 'openai-1',
    });
    expect(decision.explanation).toBe('openai-1 is the only usable resource.');
    expect(world.live.recentDecisions(1)).toEqual([decision]);
  });

  it('explains without touching anything', () => {
    const world = routingWorld(THREE);
    const before = world.live.bindingCount;
    const decision = world.balancer.explain({ ...NO_HINTS, sessionId: 's' });
    expect(decision.resourceId).not.toBeNull();
    expect([world.live.localInFlight, world.live.bindingCount, world.live.recentDecisions(9)]).toEqual([
      0,
      before,
      [],
    ]);
  });
});

describe('Balancer: sessions', () => {
  it('keeps a session, and lands its first parallel burst together', () => {
    const world = routingWorld(THREE);
    const burst = Array.from({ length: 5 }, () => world.acquire({ sessionId: 's' }));
    expect(new Set(burst.map((lease) => lease.resource.id)).size).toBe(1);
    expect(burst[4]?.decision).toMatchObject({ affinityResult: 'hit', reason: 'affinity_hit' });
  });

  it('moves a session off an owner that cannot serve, and the session stays where it was served', () => {
    const world = routingWorld(THREE);
    const home = world.serve({ sessionId: 's' });
    world.fail(home, answered(429, 'rate_limit_exceeded', 5_000));
    const away = world.acquire({ sessionId: 's' });
    expect(away.decision).toMatchObject({ affinityResult: 'moved', affinityClass: 'soft' });
    away.release(SERVED, learnt());
    world.clock.advance(6_000);
    expect(world.serve({ sessionId: 's' })).toBe(away.resource.id);
  });

  it('moves a session off an owner that is far busier than the rest', () => {
    const world = routingWorld(THREE);
    const home = world.serve({ sessionId: 's' });
    for (let n = 0; n < 18; n++) world.live.enter(home);
    const { decision, resource } = world.acquire({ sessionId: 's' });
    expect(resource.id).not.toBe(home);
    expect(decision.affinityResult).toBe('moved');
    expect(decision.explanation).toContain('too busy');
  });

  it('forgets a first home that turned the request down', () => {
    const world = routingWorld(THREE);
    const lease = world.acquire({ sessionId: 's', threadId: 't' });
    expect(world.live.bindingCount).toBe(2);
    lease.release(answered(400, 'invalid_encrypted_content'));
    expect(world.live.bindingCount).toBe(0);
  });

  it('lets sub-agents and forks follow', () => {
    const world = routingWorld(THREE);
    const home = world.serve({ sessionId: 's', threadId: 't' });
    expect(world.serve({ sessionId: 's2', threadId: 't2', parentThreadId: 't' })).toBe(home);
    expect(world.serve({ sessionId: 's3', threadId: 't3', forkedFromThreadId: 't' })).toBe(home);
  });

  it('keeps callers apart', () => {
    const world = routingWorld(THREE);
    world.serve({ sessionId: 's' }, { responseId: 'resp_1' });
    const { decision } = world.acquire({ callerId: 'other', sessionId: 's', previousResponseId: 'resp_1' });
    expect(decision).toMatchObject({ affinityResult: 'miss', affinityClass: 'hard' });
  });
});

describe('Balancer: what must not move', () => {
  const ref = { previousResponseId: 'resp_1' };

  it('sends a reference to its owner, however busy it is', () => {
    const world = routingWorld(THREE);
    const owner = world.serve({}, { responseId: 'resp_1' });
    for (let n = 0; n < 50; n++) world.live.enter(owner);
    const { decision, resource } = world.acquire(ref);
    expect(resource.id).toBe(owner);
    expect(decision.candidates.filter((one) => one.rejected === 'not_owner')).toHaveLength(2);
    expect(world.acquire({ pathResponseId: 'resp_1' }).resource.id).toBe(owner);
  });

  it('does not learn the id of a response that is not stored', () => {
    const world = routingWorld(THREE);
    world.serve({ store: false }, { responseId: 'resp_1' });
    expect(world.acquire(ref).decision.affinityResult).toBe('miss');
  });

  it('says affinity_unavailable with the rest of the cooldown while the owner cools', () => {
    const world = routingWorld(THREE);
    const owner = world.serve({}, { responseId: 'resp_1' });
    world.fail(owner, answered(429, 'rate_limit_exceeded', 12_300));
    const refusal = world.refused(ref);
    expect(refusal).toMatchObject({ code: 'affinity_unavailable', status: 503 });
    expect(refusal.toHeaders()).toEqual({ 'retry-after': '13', 'x-should-retry': 'true' });
    world.fail(owner, answered(429, 'rate_limit_exceeded', 600_000));
    expect(world.refused(ref).options.retryAfterSeconds).toBe(60);
    expect(refusal.decision).toMatchObject({ resourceId: null, reason: 'affinity_unavailable' });
  });

  it('uses a sibling for a reference only when the operator says responses are shared', () => {
    const alone = routingWorld(TWO_ORGS);
    const shared = routingWorld(TWO_ORGS, { sharedInOrganization: true });
    for (const world of [alone, shared]) {
      world
        .acquire({ sessionId: 's' }, ['openai-2', 'openai-3'])
        .release(SERVED, learnt({ responseId: 'resp_1', sealed: ['d'] }));
      world.fail('openai-1', answered(401));
    }
    expect(alone.refused(ref).code).toBe('affinity_lost');
    const { resource, decision } = shared.acquire(ref);
    expect(resource.id).toBe('openai-2');
    expect(decision).toMatchObject({ reason: 'organization_sibling', affinityResult: 'hit' });
    expect(alone.acquire({ sealedDigests: ['d'] }).resource.id).toBe('openai-2');
  });

  it('never sends encrypted content to another organisation, even when it is all that is left', () => {
    const world = routingWorld(TWO_ORGS);
    const owner = world.serve({}, { sealed: ['d'] });
    const others = world.registry.snapshot.resources.filter(
      (one) => one.organization === world.registry.snapshot.byId.get(owner)?.organization,
    );
    for (const one of others) world.fail(one.id, answered(403));
    const refusal = world.refused({ sealedDigests: ['older', 'd', 'unknown'] });
    expect(refusal.code).toBe('affinity_unavailable');
    expect(refusal.decision.candidates.some((one) => one.rejected === 'other_organization')).toBe(true);
  });

  it('says affinity_lost when the key is gone and nobody of its organisation is left', () => {
    const world = routingWorld([{ key: 'b', organization: 'y' }]);
    const at = world.clock.now();
    const gone = {
      callerId: 'loopback',
      fingerprint: 'gone',
      cachedTokens: null,
      boundAt: at,
      expiresAt: at + 1000,
    };
    world.balancer.restore([
      { ...gone, kind: 'response', id: 'resp_1', organization: null },
      { ...gone, kind: 'sealed', id: 'd', organization: 'x' },
      { ...gone, kind: 'sealed', id: 'e', organization: 'y' },
      { ...gone, kind: 'session', id: 's', organization: 'x' },
    ]);
    const refusal = world.refused(ref);
    expect(refusal).toMatchObject({ code: 'affinity_lost', status: 409 });
    expect(refusal.toHeaders()).toEqual({ 'x-should-retry': 'false' });
    expect(refusal.decision.affinityResult).toBe('lost');
    expect(world.refused({ sealedDigests: ['d'] }).code).toBe('affinity_lost');
    expect(world.acquire({ sealedDigests: ['e'] }).decision.affinityResult).toBe('hit');
    expect(world.acquire({ sessionId: 's' }).decision.affinityResult).toBe('moved');
  });

  it('names both pools when the owner is not in the pool asked for', () => {
    const world = routingWorld([
      { key: 'a', pool: 'p' },
      { key: 'b', pool: 'q' },
    ]);
    world.serve({ poolId: 'p' }, { responseId: 'resp_1' });
    const refusal = world.refused({ ...ref, poolId: 'q' });
    expect(refusal.code).toBe('affinity_lost');
    expect(refusal.message).toContain(
      'belongs to openai-1, which is in pool "p" and not in the pool asked for, "q"',
    );
  });

  it('passes a reference nobody knows on, and learns its owner when it is served', () => {
    const world = routingWorld(THREE);
    const lease = world.acquire({ previousResponseId: 'old', sealedDigests: ['d'] });
    expect(lease.decision.affinityResult).toBe('miss');
    expect(lease.decision.explanation).toContain('not known here');
    const learned = lease.release(SERVED, learnt({ responseId: 'new' }));
    expect(learned.map((one) => `${one.kind}:${one.id}`)).toEqual([
      'response:new',
      'response:old',
      'sealed:d',
    ]);
    expect(world.acquire({ previousResponseId: 'old' }).resource).toBe(lease.resource);
  });

  it('learns of a conversation nothing that its caller may have written into it', () => {
    const { acquire } = routingWorld(THREE);
    const talk = {
      callerId: 'key_1',
      tenant: true,
      routeKind: 'conversation',
      conversationId: 'conv_1',
    } as const;
    const shown = { responseId: 'resp_2', conversationId: 'conv_2', items: ['msg_2'], listed: ['msg_3'] };
    const learned = acquire(talk).release(SERVED, learnt(shown));
    expect(learned.map((one) => `${one.kind}:${one.id}`)).toEqual(['conversation:conv_1']);
  });

  it('follows a fork: new session, replayed content, its origin named', () => {
    const world = routingWorld(TWO_ORGS);
    const home = world.serve({ sessionId: 's', threadId: 't' });
    const { decision } = world.acquire({
      sessionId: 'n',
      threadId: 'n',
      forkedFromThreadId: 't',
      sealedDigests: ['unknown'],
    });
    expect(decision).toMatchObject({ affinityClass: 'boundary', affinityResult: 'hit', resourceId: home });
  });
});
