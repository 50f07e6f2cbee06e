import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { answered, NO_HINTS } from '../../test/support/routing-world.js';
import { waitingRoom as room } from '../../test/support/waiting-room.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('where one key fails, another pauses and nobody is well', () => {
  const PAUSE_MS = 1_000;

  function mixed(limits = { budgetMs: 2_000, maxWaiting: 256 }) {
    const made = room(2, limits);
    made.world.fail('openai-1', answered(500), 5);
    made.limit('openai-2', PAUSE_MS);
    return made;
  }

  it('waits for the end of the pause instead of being risked on the one that fails', async () => {
    const { world, ask, pass } = mixed();
    expect(world.balancer.explain(NO_HINTS)).toMatchObject({
      reason: 'no_available_resources',
      explanation: expect.stringContaining('A request waits until the first of them is free') as string,
    });
    const got = ask();
    await pass(PAUSE_MS - 10);
    expect([got.lease, got.error]).toEqual([null, null]);
    await pass(20);
    expect(got.lease?.decision).toMatchObject({ resourceId: 'openai-2', reason: 'only_candidate' });
    expect(got.lease?.decision.waitedMs).toBeGreaterThanOrEqual(PAUSE_MS);
  });

  it.each([
    ['there is no time for it', { budgetMs: PAUSE_MS - 100, maxWaiting: 256 }],
    ['there is no room for it', { budgetMs: 2_000, maxWaiting: 0 }],
  ])('tries the one that fails at once when %s', async (_, limits) => {
    const { ask, pass } = mixed(limits);
    const got = ask();
    await pass(1);
    expect(got.lease?.decision).toMatchObject({ resourceId: 'openai-1', reason: 'last_resort' });
  });

  it('tries the one that fails as soon as the pause is known to be too long', async () => {
    const { ask, pass, limit } = mixed();
    const got = ask();
    await pass(500);
    limit('openai-2', 30_000);
    await pass(400);
    expect(got.lease?.decision).toMatchObject({ resourceId: 'openai-1', reason: 'last_resort' });
  });

  it('does not wait for one it may not go to', async () => {
    const keys = [
      { key: 'a', organization: 'a' },
      { key: 'b', organization: 'b' },
    ];
    const { world, ask, pass, limit } = room(2, undefined, null, { keys });
    const owner = world.serve({}, { responseId: 'resp_1' });
    world.fail(owner, answered(500), 5);
    limit(owner === 'openai-1' ? 'openai-2' : 'openai-1', PAUSE_MS);
    const got = ask({ previousResponseId: 'resp_1' });
    await pass(1);
    expect(got.lease?.resource.id).toBe(owner);
  });
});

it('keeps nobody out for long whose only key has refused one odd request for a reason nobody knows', async () => {
  const { world, ask, pass } = room(1);
  world.acquire().release(answered(403, 'strange'));
  const others = [ask({ sessionId: 's1' }), ask({ sessionId: 's2' })];
  await pass(1_020);
  expect(others.map(({ lease }) => lease?.resource.id)).toEqual(['openai-1', 'openai-1']);
});
