import { describe, expect, it } from 'vitest';
import { answered, learnt, NO_HINTS, routingWorld, SERVED } from '../../test/support/routing-world.js';
import type { Lease } from './lease.js';
import { isUncached, leftWarm } from './warm-cache.js';

const TWO = [
  { key: 'a', organization: 'org-a' },
  { key: 'b', organization: 'org-b' },
];
const session = { sessionId: 's' };

/** A session at home on one of two keys, with so many tokens cached; the others by name. */
function settled(cachedTokens?: number, keys = TWO) {
  const world = routingWorld(keys);
  const home = world.serve(session, { cachedTokens, usage: true });
  const [other = ''] = world.registry.snapshot.resources.map(({ id }) => id).filter((id) => id !== home);
  const candidate = (lease: Lease, id: string) =>
    lease.decision.candidates.find(({ resourceId }) => resourceId === id);
  return { ...world, world, home, other, candidate };
}

describe('the cost of leaving a warm prompt cache', () => {
  it('is said by the decision that moves the session, and by nobody while it stays', () => {
    const { world, home, other, candidate } = settled(48_128);
    const stays = world.acquire(session);
    expect(stays.decision).toMatchObject({ affinityResult: 'hit', cachedTokensAtStake: null });
    expect([candidate(stays, home)?.cachedTokens, candidate(stays, other)?.cachedTokens]).toEqual([
      48_128,
      null,
    ]);
    stays.release(SERVED, learnt({ cachedTokens: 48_640 }));
    world.fail(home, answered(429, null, 30_000));
    const { resource, decision } = world.acquire(session);
    expect(resource.id).toBe(other);
    expect(decision).toMatchObject({ affinityResult: 'moved', cachedTokensAtStake: 48_640 });
    expect(decision.explanation).toMatch(
      /; the resource it was on cannot serve now; the move leaves up to 48,640 cached tokens behind\.$/,
    );
  });

  it('tells unknown from nothing', () => {
    const none = settled(0);
    none.fail(none.home, answered(429, null, 30_000));
    const moved = none.acquire(session).decision;
    expect(moved).toMatchObject({ affinityResult: 'moved', cachedTokensAtStake: 0 });
    expect(moved.explanation).not.toContain('cached');
    const unknown = settled(undefined);
    unknown.fail(unknown.home, answered(429, null, 30_000));
    const silent = unknown.acquire(session).decision;
    expect(silent).toMatchObject({ affinityResult: 'moved', cachedTokensAtStake: null });
  });

  it('is the same in the explanation of a request that is not sent', () => {
    const { world, balancer, home } = settled(5_120);
    world.fail(home, answered(429, null, 30_000));
    const expected = balancer.explain(hintsOf('s'));
    const { decision } = world.acquire(session);
    expect(expected).toMatchObject({
      explanation: decision.explanation,
      cachedTokensAtStake: decision.cachedTokensAtStake,
    });
  });

  it('may be nothing within an organisation, which the explanation says', () => {
    const kin = [
      { key: 'a', organization: 'org' },
      { key: 'b', organization: 'org' },
    ];
    const { world, home } = settled(2_048, kin);
    world.fail(home, answered(429, null, 30_000));
    const { decision } = world.acquire(session);
    expect(decision.cachedTokensAtStake).toBe(2_048);
    expect(decision.explanation).toContain(
      'leaves up to 2,048 cached tokens behind, unless its organisation shares them',
    );
  });

  it('is said of content that may move inside its organisation, too', () => {
    const kin = [
      { key: 'a', organization: 'org' },
      { key: 'b', organization: 'org' },
    ];
    const world = routingWorld(kin);
    const home = world.serve(session, { sealed: ['d'], cachedTokens: 9_216 });
    world.fail(home, answered(429, null, 30_000));
    const { decision } = world.acquire({ ...session, sealedDigests: ['d'] });
    expect(decision).toMatchObject({ affinityClass: 'boundary', cachedTokensAtStake: 9_216 });
  });

  it('stands when an answer does not tell, and ends with the move', () => {
    const { world, home, other, candidate } = settled(4_096);
    world.acquire(session).release(SERVED, learnt({ usage: true }));
    const still = world.acquire(session);
    expect(candidate(still, home)?.cachedTokens).toBe(4_096);
    still.release(SERVED, learnt());
    world.acquire({ ...session, routeKind: 'response' }).release(SERVED, learnt({ cachedTokens: 7 }));
    expect(candidate(world.acquire(session), home)?.cachedTokens).toBe(4_096);
    world.fail(home, answered(429, null, 1_000));
    world.acquire(session).release(SERVED, learnt());
    const after = world.acquire(session);
    expect(after.resource.id).toBe(other);
    expect(after.decision.cachedTokensAtStake).toBeNull();
    expect(candidate(after, other)?.cachedTokens).toBeNull();
  });

  it('is forgotten when no cache lasts that long', () => {
    const { world, home } = settled(4_096);
    const old = { callerId: 'loopback', kind: 'session', id: 's' } as const;
    const bound = world.live.binding(old, world.clock.now());
    if (bound === null) throw new Error('the session is bound');
    world.live.bind({ ...bound, expiresAt: bound.expiresAt + 9e9 });
    world.clock.advance(24 * 3_600_000 + 1);
    world.fail(home, answered(429, null, 30_000));
    expect(world.acquire(session).decision).toMatchObject({
      affinityResult: 'moved',
      cachedTokensAtStake: null,
    });
  });

  it('keeps a session on a key that is merely busy, as far as it is worth it', () => {
    const cold = settled(0);
    const warm = settled(40_960);
    const queue = (world: typeof warm, open: number) => {
      for (let n = 0; n < open; n++) world.live.enter(world.home);
      return world.acquire(session).decision;
    };
    expect(queue(cold, 30)).toMatchObject({ affinityResult: 'moved', cachedTokensAtStake: 0 });
    const kept = queue(warm, 30);
    expect(kept).toMatchObject({ affinityResult: 'hit', resourceId: warm.home });
    expect(kept.explanation).toContain('it is busy, but has up to 40,960 tokens of it cached');
    expect(queue(warm, 40)).toMatchObject({ affinityResult: 'moved', cachedTokensAtStake: 40_960 });
  });

  it('is still known to a third key when the second turns the request down as well', () => {
    const three = [
      ...TWO.map(({ key }) => ({ key, organization: 'org' })),
      { key: 'c', organization: 'org' },
    ];
    const { world, home } = settled(3_072, three);
    world.fail(home, answered(429, null, 30_000));
    const second = world.acquire(session);
    second.release(answered(429, null, 30_000));
    const third = world.acquire(session, [second.resource.id]);
    expect(third.decision).toMatchObject({ affinityResult: 'moved', cachedTokensAtStake: 3_072 });
    const written = world.live.binding({ callerId: 'loopback', kind: 'session', id: 's' }, world.clock.now());
    third.release(answered(429, null, 30_000));
    const back = world.live.binding({ callerId: 'loopback', kind: 'session', id: 's' }, world.clock.now());
    // Where it is newer than what it takes back, other processes believe it, too.
    expect(back?.boundAt).toBeGreaterThan(written?.boundAt ?? Infinity);
    world.clock.advance(31_000);
    expect(world.acquire(session).resource.id).toBe(home);
  });
});

describe('an upstream that tells of a cache and keeps none', () => {
  const turn = (tokens: number) => ({ ...learnt({ cachedTokens: tokens }), isUncached: true });

  it('is no reason to stay on a busy key, once it has found nothing of what was there', () => {
    const { world, home, candidate } = settled(30_000);
    world.acquire(session).release(SERVED, turn(31_000));
    expect(candidate(world.acquire(session), home)?.cachedTokens).toBe(0);
    world.acquire(session).release(SERVED, turn(32_000));
    for (let n = 0; n < 30; n++) world.live.enter(home);
    expect(world.acquire(session).decision).toMatchObject({
      affinityResult: 'moved',
      cachedTokensAtStake: 0,
    });
  });

  it.each([
    ['a first prompt', undefined, [31_000]],
    ['a shorter one, of something else', 40_000, [31_000]],
    ['one that was asked beside the first', undefined, [31_000, 31_000]],
  ])('is not known by %s', (_, before, turns) => {
    const { world, home, candidate } = settled(before);
    const leases = turns.map(() => world.acquire(session));
    leases.forEach((lease, i) => void lease.release(SERVED, turn(turns[i] ?? 0)));
    expect(candidate(world.acquire(session), home)?.cachedTokens).toBe(31_000);
  });

  it.each([
    ['nothing found, nothing written', [30_000, 0, 0], true],
    ['written', [30_000, 0, 2_048], false],
    ['found', [30_000, 1_024, null], false],
    ['not told', [30_000, null, null], false],
  ] as const)('says so by the answer: %s', (_, [inputTokens, cachedTokens, cacheWriteTokens], expected) => {
    expect(isUncached({ inputTokens, cachedTokens, cacheWriteTokens })).toBe(expected);
  });
});

describe('what an answer may have left in the cache of its key', () => {
  it.each([
    ['all of a first prompt, which finds nothing', [30_000, 0, null], 30_000],
    ['what was found, and what came after it', [30_000, 28_672, null], 30_000],
    ['what was written, of a prompt that nobody told the length of', [null, 0, 2_048], 2_048],
    ['what was found, of such a prompt', [null, 4_096, 1_024], 4_096],
    ['nothing of a prompt too short for any cache', [1_023, 0, null], 0],
    ['all of the shortest', [1_024, 0, null], 1_024],
    ['nobody knows what, where the upstream tells of no cache', [30_000, null, null], null],
  ] as const)('%s', (_, [inputTokens, cachedTokens, cacheWriteTokens], left) => {
    expect(leftWarm({ inputTokens, cachedTokens, cacheWriteTokens })).toBe(left);
  });

  it('nothing is known of an answer without usage', () => expect(leftWarm(null)).toBeNull());
});

describe('a response of a connection that is there already', () => {
  it('is a hit where its session is at home, and a move where it is not', () => {
    const { world, balancer, home, other } = settled(1_024);
    const { byId } = world.registry.snapshot;
    const [own, foreign] = [byId.get(home), byId.get(other)];
    if (own === undefined || foreign === undefined) throw new Error('two resources');
    const hints = hintsOf('s');
    const stays = balancer.acquireOn(own, hints, {}).decision;
    expect(stays).toMatchObject({ reason: 'connection', affinityResult: 'hit', cachedTokensAtStake: null });
    expect(stays.explanation).not.toContain('cannot serve');
    const away = balancer.acquireOn(foreign, hints, {}).decision;
    expect(away).toMatchObject({ reason: 'connection', affinityResult: 'moved', cachedTokensAtStake: 1_024 });
    expect(away.explanation).toContain(
      'on another resource before; the move leaves up to 1,024 cached tokens',
    );
  });

  it('that goes on from one of the same connection is with its owner, though nothing of it is stored', () => {
    const { world, balancer, home } = settled(1_024);
    const own = world.registry.snapshot.byId.get(home);
    if (own === undefined) throw new Error('a resource');
    const hints = { ...hintsOf('s'), store: false, previousResponseId: 'resp_unstored' };
    const elsewhere = balancer.acquireOn(own, hints, {}).decision;
    expect(elsewhere).toMatchObject({ affinityClass: 'hard', affinityResult: 'miss' });
    const lease = balancer.acquireOn(own, hints, { continues: true });
    expect(lease.decision).toMatchObject({
      affinityClass: 'hard',
      affinityKind: 'previous_response_id',
      affinityResult: 'hit',
      reason: 'connection',
    });
    expect(lease.decision.explanation).not.toContain('not known');
    const learned = lease.release(SERVED, learnt({ responseId: 'resp_next' }));
    expect(learned.map(({ kind }) => kind)).toEqual(['session']);
  });
});

function hintsOf(sessionId: string) {
  return { ...NO_HINTS, sessionId };
}
