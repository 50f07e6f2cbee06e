import { describe, expect, it } from 'vitest';
import { answered, learnt, routingWorld, SERVED } from '../../test/support/routing-world.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';

const LOST: AttemptOutcome = { kind: 'lost', cause: 'reset', message: 'reset' };
const FOUR = ['a', 'b', 'c', 'd'].map((key) => ({ key }));
const ids = (world: ReturnType<typeof routingWorld>) => world.registry.snapshot.resources.map(({ id }) => id);

describe('a key that has just lost a request', () => {
  it('gets none of the next tries of whoever sent it, although it is the least busy', () => {
    const world = routingWorld(FOUR);
    const others = ids(world).slice(1);
    const busy = others.flatMap((id) => [1, 2, 3].map(() => world.acquire({}, without(world, id))));
    const first = world.acquire();
    expect(first.resource.id).toBe('openai-1');
    first.release(LOST);
    for (let tries = 0; tries < 3; tries++) {
      world.clock.advance(500);
      const { resource, decision } = world.acquire();
      expect(others).toContain(resource.id);
      expect(decision.candidates[0]).toMatchObject({ rejected: 'just_lost' });
    }
    busy.forEach((lease) => lease.release(SERVED));
    world.clock.advance(500);
    expect(world.acquire().resource.id).toBe('openai-1');
  });

  it('stays avoided when another of its answers arrives meanwhile', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    const slow = world.acquire({}, ['openai-2']);
    world.fail('openai-1', LOST);
    slow.release(SERVED);
    expect(world.acquire().decision.candidates[0]).toMatchObject({ rejected: 'just_lost' });
  });

  it('is asked all the same when nobody else can serve, and when everybody has lost one', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    world.fail('openai-1', LOST);
    world.fail('openai-2', answered(429, null, 30_000));
    expect(world.acquire().resource.id).toBe('openai-1');
    const both = routingWorld([{ key: 'a' }, { key: 'b' }]);
    ids(both).forEach((id) => both.fail(id, LOST));
    expect(both.acquire().decision.reason).toBe('least_connections');
  });

  it('keeps its conversations for a second try, for their cache, and not for a third', () => {
    const world = routingWorld(FOUR);
    const session = { sessionId: 's' };
    const home = world.serve(session, { usage: true, cachedTokens: 40_000 });
    for (let tries = 0; tries < 2; tries++) {
      const lease = world.acquire(session);
      expect(lease.resource.id).toBe(home);
      lease.release(LOST);
      world.clock.advance(500);
    }
    const { resource, decision } = world.acquire(session);
    expect(resource.id).not.toBe(home);
    expect(decision).toMatchObject({ affinityResult: 'moved', cachedTokensAtStake: 40_000 });
    expect(decision.explanation).toContain('the resource it was on has just lost requests');
  });

  it('keeps its conversations when all it lost was under way together', () => {
    const world = routingWorld(FOUR);
    const session = { sessionId: 's' };
    const home = world.serve(session);
    const lanes = [world.acquire(session), world.acquire(session)];
    world.clock.advance(10);
    for (const lane of lanes) lane.release(LOST);
    expect(world.acquire(session).resource.id).toBe(home);
  });

  it('loses a conversation whose second try it lost, whatever older streams broke in between', () => {
    const world = routingWorld(FOUR);
    const session = { sessionId: 's' };
    const home = world.serve(session);
    const older = world.acquire(session);
    world.clock.advance(10);
    world.acquire(session).release(LOST);
    world.clock.advance(10);
    const again = world.acquire(session);
    world.clock.advance(10);
    older.release(LOST);
    world.clock.advance(10);
    again.release(LOST);
    expect(world.acquire(session).resource.id).not.toBe(home);
  });

  it('keeps its conversations for a second try again once it has served', () => {
    const world = routingWorld(FOUR);
    const session = { sessionId: 's' };
    const home = world.serve(session);
    for (let n = 0; n < 3; n++) {
      world.acquire(session).release(LOST);
      world.clock.advance(10);
      world.acquire(session).release(SERVED);
      world.clock.advance(10);
    }
    expect(world.acquire(session).resource.id).toBe(home);
  });

  it('keeps what refers to its own also where its siblings share it', () => {
    const keys = [
      { key: 'a', organization: 'o' },
      { key: 'b', organization: 'o' },
    ];
    const world = routingWorld(keys, { sharedInOrganization: true });
    const home = world.serve({}, { responseId: 'resp_1' });
    for (let n = 0; n < 3; n++) {
      world.clock.advance(10);
      world.fail(home, LOST);
    }
    expect(world.acquire({ previousResponseId: 'resp_1' }).resource.id).toBe(home);
  });

  it('is not avoided when most of those that can serve have lost some', () => {
    const world = routingWorld(FOUR);
    for (const id of ids(world).slice(0, 3)) world.fail(id, LOST);
    expect(world.acquire().decision.candidates.map(({ rejected }) => rejected)).not.toContain('just_lost');
  });

  it('is told of where it is why another one was chosen', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    world.fail('openai-1', LOST);
    const { decision } = world.acquire();
    expect(decision.reason).toBe('least_connections');
    expect(decision.explanation).toContain('1 left alone for what they have just lost');
  });

  it('keeps what only it can continue', () => {
    const world = routingWorld(FOUR);
    const lease = world.acquire();
    const home = lease.resource.id;
    lease.release(SERVED, learnt({ responseId: 'resp_1' }));
    world.fail(home, LOST, 3);
    expect(world.acquire({ previousResponseId: 'resp_1' }).resource.id).toBe(home);
  });

  it('is not avoided for failures that a retry makes good', () => {
    const world = routingWorld([{ key: 'a' }, { key: 'b' }]);
    world.fail('openai-1', answered(500));
    expect(world.acquire().decision.candidates.map(({ rejected }) => rejected)).not.toContain('just_lost');
  });
});

function without(world: ReturnType<typeof routingWorld>, id: string): string[] {
  return ids(world).filter((other) => other !== id);
}
