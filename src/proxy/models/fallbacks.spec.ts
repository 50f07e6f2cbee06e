import { describe, expect, it } from 'vitest';
import { NO_HINTS } from '../../../test/support/routing-world.js';
import { RoutingRefusal } from '../../balancer/routing-refusal.js';
import { ProxyError } from '../../common/errors.js';
import type { DecisionRecord } from '../../state/live-state.js';
import type { AttemptRecord } from '../../usage/records.js';
import type { Exchange } from '../exchange.js';
import type { AliasedBody } from '../model-rewrite.js';
import { ClientGone } from '../request-body.js';
import { runWithFallbacks } from './fallbacks.js';
import { Unserved } from './unserved.js';

interface End {
  readonly attempts?: number;
  readonly error: Error | null;
}

const nobody = new RoutingRefusal('no_available_resources', 'nobody', {}, {} as DecisionRecord);
const crowded = new ProxyError('overloaded', 'the room is full');
const refused = new Unserved(() => undefined);

/** A request for the alias `own` and what each model it is sent as comes to; those that are not named are refused thrice. */
async function serve(fallbacks: readonly string[], ends: Readonly<Record<string, End>>) {
  const aliased = { pin: { alias: 'own' } } as AliasedBody;
  const exchange = {
    hints: { ...NO_HINTS, model: 'own' },
    aliased,
    attempts: [] as AttemptRecord[],
    decisions: [],
    clientGone: false,
  } as unknown as Exchange;
  const asked: (string | null | undefined)[] = [];
  const run = async (): Promise<string> => {
    const model = exchange.hints?.model ?? '';
    asked.push(model);
    const { attempts = 0, error } = ends[model] ?? { attempts: 3, error: refused };
    for (let n = 0; n < attempts; n += 1) exchange.attempts.push({} as AttemptRecord);
    if (error !== null) throw error;
    return model;
  };
  const models = { find: () => ({ fallbacks }), pinOf: () => null };
  const terms = { models, run, hintsFor: ({ alias }: { alias: string }) => ({ ...NO_HINTS, model: alias }) };
  const heard: unknown = await runWithFallbacks(exchange, aliased, terms as never).catch((e: unknown) => e);
  return { asked, heard, left: [exchange.hints?.model, exchange.aliased?.pin.alias] };
}

describe('the fallbacks of an alias', () => {
  it('are not begun any more once six attempts were made', async () => {
    const many = Array.from({ length: 8 }, (_, n) => `f${n}`);
    const { asked, heard } = await serve(many, {});
    expect(asked).toEqual(['own', 'f0']);
    expect(heard).toBe(refused);
    const once = { attempts: 1, error: refused };
    const ends = Object.fromEntries(['own', ...many].map((name) => [name, once]));
    expect((await serve(many, ends)).asked).toHaveLength(6);
  });

  it('are passed over where there is no room to wait for them, and the client hears of the alias itself', async () => {
    const ends = { own: { error: nobody }, full: { error: crowded }, free: { attempts: 1, error: null } };
    expect(await serve(['full', 'free'], ends)).toMatchObject({
      asked: ['own', 'full', 'free'],
      heard: 'free',
    });
    expect(await serve(['full'], ends)).toMatchObject({ heard: nobody, left: ['own', 'own'] });
  });

  it('are not asked where there is no room to wait for the alias itself', async () => {
    const { asked, heard } = await serve(['free'], { own: { error: crowded } });
    expect([asked, heard]).toEqual([['own'], crowded]);
  });

  it('leave the request what it was, unless something of it was sent as theirs', async () => {
    const gone = new ClientGone('gone');
    const own = { error: nobody };
    expect(await serve(['f'], { own, f: { error: gone } })).toMatchObject({
      heard: gone,
      left: ['own', 'own'],
    });
    const sent = { attempts: 1, error: gone };
    expect(await serve(['f'], { own, f: sent })).toMatchObject({ heard: gone, left: ['f', 'f'] });
  });
});
