import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answered, routingWorld, SERVED } from '../../test/support/routing-world.js';
import type { AttemptOutcome } from '../upstream/attempt-outcome.js';

const FAILED = answered(500);
const LOST: AttemptOutcome = { kind: 'lost', cause: 'reset', message: 'ECONNRESET' };
const keys = (n: number) => Array.from({ length: n }, (_, i) => ({ key: `k${i}` }));
const ids = (n: number): string[] => keys(n).map((_, i) => `openai-${i + 1}`);

/** `failed` of `n` keys are out because of errors, the first one first. */
function failing(n: number, failed: number) {
  const world = routingWorld(keys(n));
  for (const id of ids(n).slice(0, failed)) {
    world.fail(id, FAILED, 5);
    world.clock.advance(1_000);
  }
  return world;
}

const rejections = (decision: { candidates: readonly { rejected: string | null }[] }) =>
  decision.candidates.map(({ rejected }) => rejected);

/** A body is there, so that a failure can still go elsewhere. */
const BODY = { inputTokens: 100 };

describe('errors of more than half of the keys', () => {
  it('put aside half of them at most: whose pause ends first is tried, at a tenth of its weight', () => {
    const world = failing(4, 3);
    const first = world.acquire(BODY);
    expect(first.resource.id).toBe('openai-4');
    expect(rejections(first.decision)).toEqual(['higher_load', 'unhealthy', 'unhealthy', null]);
    expect(first.decision.explanation).toContain(
      'more than half are out because of errors, so 1 of them stay',
    );
    const taken = Array.from({ length: 12 }, () => world.acquire(BODY));
    const risked = taken.filter(({ resource }) => resource.id === 'openai-1');
    expect(risked.map(({ decision }) => decision.reason)).toEqual(['kept_in']);
    expect(new Set(taken.map(({ resource }) => resource.id))).toEqual(new Set(['openai-1', 'openai-4']));
  });

  it('are risked once a second at most, however fast it fails and however busy the others are', () => {
    const world = failing(4, 3);
    for (let n = 0; n < 60; n++) world.live.enter('openai-4');
    const failedFast = (): boolean => {
      const lease = world.acquire(BODY);
      lease.release(lease.resource.id === 'openai-4' ? SERVED : FAILED);
      return lease.resource.id === 'openai-1';
    };
    const tried = Array.from({ length: 30 }, () => {
      world.clock.advance(100);
      return failedFast();
    });
    expect(tried.filter(Boolean)).toHaveLength(3);
  });

  it.each([
    ['that runs on without us', { background: true }],
    ['with tools of its own effects', { hasSideEffects: true }],
    ['of a stored conversation', { conversationId: 'conv_1' }],
    ['that is a handshake', { inputTokens: 0 }],
    ['that is no create', { routeKind: 'models' as const }],
  ])('are risked on no request that could not go on: one %s', (_, hints) => {
    const world = failing(4, 3);
    for (let n = 0; n < 60; n++) world.live.enter('openai-4');
    expect(world.acquire({ ...BODY, ...hints }).resource.id).toBe('openai-4');
    expect(world.acquire(BODY).resource.id).toBe('openai-1');
  });

  it('are risked on nobody where 5xx are not tried again, nor where requests were lost', () => {
    const switchedOff = routingWorld(keys(4), { retry5xx: false });
    for (const id of ids(4).slice(0, 3)) switchedOff.fail(id, FAILED, 5);
    const lossy = routingWorld(keys(4));
    for (const id of ids(4).slice(0, 3)) lossy.fail(id, LOST, 5);
    lossy.clock.advance(10_000);
    for (const world of [switchedOff, lossy]) {
      for (let n = 0; n < 60; n++) world.live.enter('openai-4');
      expect(world.acquire(BODY).resource.id).toBe('openai-4');
    }
  });

  it('shut nobody out when they are the errors of all', () => {
    const world = failing(3, 3);
    for (let n = 0; n < 9; n++) expect(world.acquire(BODY).decision.reason).toBe('last_resort');
    const lease = world.acquire(BODY);
    world.clock.advance(10);
    lease.release(SERVED);
    expect(world.health.of(lease.resource.id)).toMatchObject({ status: 'healthy', reason: 'served' });
  });

  it('are not over with a request that left before they were', () => {
    const world = routingWorld(keys(1));
    const before = world.acquire();
    world.clock.advance(10);
    world.fail('openai-1', FAILED, 5);
    world.clock.advance(10);
    before.release(SERVED);
    expect(world.health.of('openai-1').reason).toBe('server_errors');
  });

  it('leave half of them where they are, and so do verdicts on keys', () => {
    expect(rejections(failing(4, 2).acquire().decision).filter((why) => why === 'unhealthy')).toHaveLength(2);
    const world = failing(5, 2);
    for (const id of ['openai-3', 'openai-4']) world.fail(id, answered(401));
    expect(world.acquire().decision).toMatchObject({ resourceId: 'openai-5', reason: 'only_candidate' });
  });

  it('bring no conversation to a key that fails, nor what has failed once already', () => {
    const world = failing(4, 0);
    const home = world.serve({ sessionId: 's' });
    const well = ids(4).find((id) => id !== home) ?? '';
    for (const id of ids(4)) if (id !== well) world.fail(id, FAILED, 5);
    for (let n = 0; n < 60; n++) world.live.enter(well);
    expect(world.acquire({ ...BODY, sessionId: 's' }).decision).toMatchObject({
      resourceId: well,
      affinityResult: 'moved',
    });
    expect(world.acquire(BODY).resource.id).not.toBe(well);
    const retried = failing(5, 4);
    for (let n = 0; n < 60; n++) retried.live.enter('openai-5');
    expect(retried.acquire(BODY, ['openai-4']).resource.id).toBe('openai-5');
    expect(retried.acquire(BODY).resource.id).not.toBe('openai-5');
  });

  it('never put aside more than half while somebody is well, nor let anything else in', () => {
    const state = fc.constantFrom('well', 'failing', 'refused', 'paused');
    fc.assert(
      fc.property(fc.array(state, { minLength: 1, maxLength: 9 }), (states) => {
        fc.pre(states.includes('well'));
        const world = routingWorld(keys(states.length));
        states.forEach((one, i) => {
          const id = `openai-${i + 1}`;
          if (one === 'failing') world.fail(id, FAILED, 5);
          if (one === 'refused') world.fail(id, answered(401));
          if (one === 'paused') world.fail(id, answered(429));
        });
        const out = states.filter((one) => one === 'failing').length;
        const { decision } = world.acquire(BODY);
        const aside = rejections(decision).filter((why, i) => states[i] === 'failing' && why === 'unhealthy');
        expect(aside.length).toBe(Math.min(out, Math.floor(states.length / 2)));
        const letIn = rejections(decision).filter(
          (why, i) =>
            (states[i] === 'refused' || states[i] === 'paused') &&
            !['unhealthy', 'cooling'].includes(why ?? ''),
        );
        expect(letIn).toEqual([]);
        expect(decision.candidates.find(({ chosen }) => chosen)?.health).not.toBe('unhealthy');
      }),
    );
  });
});
