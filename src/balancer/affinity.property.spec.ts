import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answered, learnt, NO_HINTS, routingWorld, SERVED } from '../../test/support/routing-world.js';
import type { RoutingHints } from './routing-hints.js';
import { RoutingRefusal } from './routing-refusal.js';

const KEYS = [
  { key: 'a1', organization: 'a' },
  { key: 'a2', organization: 'a' },
  { key: 'b1', organization: 'b' },
  { key: 'b2', organization: 'b' },
];
const place = fc.nat({ max: KEYS.length - 1 });
const faults = fc.constantFrom(
  answered(401),
  answered(403),
  answered(429, 'insufficient_quota'),
  answered(429, null, 30_000),
  answered(503, null, 5_000),
);
type Fault = readonly [string, ReturnType<typeof answered>];
const FAILS = answered(500);
const PAUSES_SOON = answered(429, null, 1_500);
const PAUSES_LATE = answered(429, null, 30_000);
const asked = fc.record({
  sessionId: fc.constantFrom(null, 'session'),
  previousResponseId: fc.constantFrom(null, 'resp_stored'),
  sealedDigests: fc.constantFrom<string[]>([], ['sealed'], ['unknown', 'sealed']),
});
const idOf = (n: number): string => `openai-${n + 1}`;
const organizationOf = (id: string): string =>
  KEYS[Number(id.slice('openai-'.length)) - 1]?.organization ?? '';

/** A world in which the session, a stored response and sealed content were made at their places, and then keys failed. */
function worldOf(
  home: number,
  storedAt: number,
  sealedAt: number,
  failures: readonly (readonly [number, ReturnType<typeof answered>])[],
  sharedInOrganization: boolean,
) {
  const world = routingWorld(KEYS, { sharedInOrganization });
  const at = (n: number) => KEYS.map((_, i) => idOf(i)).filter((id) => id !== idOf(n));
  world.acquire({ sessionId: 'session' }, at(home)).release(SERVED, learnt({}));
  world.acquire({}, at(storedAt)).release(SERVED, learnt({ responseId: 'resp_stored' }));
  world.acquire({}, at(sealedAt)).release(SERVED, learnt({ sealed: ['sealed'] }));
  for (const [n, outcome] of failures) world.fail(idOf(n), outcome);
  return world;
}

describe('affinity, whatever has failed', () => {
  const failures = fc.array(fc.tuple(place, faults), { maxLength: 6 });

  it('never sends what only its owner or an organisation can serve anywhere else, and never guesses', () => {
    fc.assert(
      fc.property(
        place,
        place,
        place,
        failures,
        fc.boolean(),
        asked,
        (home, stored, sealed, fails, shared, hints) => {
          const world = worldOf(home, stored, sealed, fails, shared);
          const to = routed(world, hints);
          if (hints.previousResponseId !== null) {
            const owner = idOf(stored);
            if (to !== null && !shared) expect(to).toBe(owner);
            if (to !== null) expect(organizationOf(to)).toBe(organizationOf(owner));
          } else if (hints.sealedDigests.length > 0) {
            if (to !== null) expect(organizationOf(to)).toBe(organizationOf(idOf(sealed)));
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it('risks nobody on a key that fails while one that may serve it pauses for no longer than the request waits', () => {
    const pauses = fc.constantFrom<Fault>(['fails', FAILS], ['soon', PAUSES_SOON], ['late', PAUSES_LATE]);
    fc.assert(
      fc.property(
        fc.tuple(pauses, pauses, pauses, pauses),
        fc.option(place, { nil: null }),
        fc.boolean(),
        (of, stored, shared) => {
          const world = worldOf(0, stored ?? 0, 0, [], shared);
          of.forEach(([, outcome], n) => world.fail(idOf(n), outcome, 5));
          const hints = { ...NO_HINTS, previousResponseId: stored === null ? null : 'resp_stored' };
          const home = KEYS[stored ?? 0]?.organization;
          const inScope = of.filter(
            (_, n) => stored === null || n === stored || (shared && organizationOf(idOf(n)) === home),
          );
          const { reason } = world.balancer.explain(hints);
          const kinds = new Set(inScope.map(([kind]) => kind));
          expect(reason === 'last_resort').toBe(kinds.has('fails') && !kinds.has('soon'));
        },
      ),
      { numRuns: 400 },
    );
  });

  it('keeps a session with its key while that serves, and moves it when another can and that cannot', () => {
    fc.assert(
      fc.property(place, failures, (home, fails) => {
        const world = worldOf(home, home, home, fails, false);
        const failed = new Set(fails.map(([n]) => n));
        const to = routed(world, { sessionId: 'session' });
        if (!failed.has(home)) expect(to).toBe(idOf(home));
        else if (failed.size < KEYS.length) {
          expect(to).not.toBeNull();
          expect(failed.has(Number(to?.slice('openai-'.length)) - 1)).toBe(false);
        }
      }),
      { numRuns: 400 },
    );
  });
});

/** Null = refused. */
function routed(world: ReturnType<typeof worldOf>, hints: Partial<RoutingHints>): string | null {
  try {
    const lease = world.acquire(hints);
    lease.release({ kind: 'neutral', cause: 'internal' });
    return lease.resource.id;
  } catch (error: unknown) {
    if (error instanceof RoutingRefusal) return null;
    throw error;
  }
}
