import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answered, routingWorld } from '../../test/support/routing-world.js';

const FAILED = answered(500);
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

describe('errors of more than half of the keys', () => {
  it('put aside half of them at most: whose pause ends first stays in use, at a tenth of its weight', () => {
    const world = failing(4, 3);
    const first = world.acquire();
    expect(first.resource.id).toBe('openai-4');
    expect(rejections(first.decision)).toEqual(['higher_load', 'unhealthy', 'unhealthy', null]);
    expect(first.decision.explanation).toContain(
      'more than half are out because of errors, so 1 of them stay',
    );
    const taken = Array.from({ length: 12 }, () => world.acquire().resource.id);
    expect(taken.filter((id) => id === 'openai-1')).toHaveLength(1);
    expect(new Set(taken)).toEqual(new Set(['openai-1', 'openai-4']));
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
    expect(world.acquire({ sessionId: 's' }).decision).toMatchObject({
      resourceId: well,
      affinityResult: 'moved',
    });
    expect(world.acquire().resource.id).not.toBe(well);
    const retried = failing(5, 4);
    for (let n = 0; n < 60; n++) retried.live.enter('openai-5');
    expect(retried.acquire({}, ['openai-4']).resource.id).toBe('openai-5');
    expect(retried.acquire().resource.id).not.toBe('openai-5');
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
        const { decision } = world.acquire();
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
