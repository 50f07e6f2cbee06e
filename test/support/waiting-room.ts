import { vi } from 'vitest';
import type { Lease } from '../../src/balancer/lease.js';
import type { RoutingHints } from '../../src/balancer/routing-hints.js';
import type { Exchange } from '../../src/proxy/exchange.js';
import { WaitingRoom } from '../../src/proxy/waiting-room.js';
import { answered, NO_HINTS, routingWorld, type WorldKey } from './routing-world.js';

export const exchangeOf = (): Exchange =>
  ({ waitedMs: 0, decisions: [], onClientGone: null, onStop: null }) as unknown as Exchange;

interface Over {
  readonly keys?: readonly WorldKey[];
  readonly sharedInOrganization?: boolean;
}

/** The real waiting room in a world of so many keys. For fake timers. */
export function waitingRoom(
  keys: number,
  limits = { budgetMs: 2_000, maxWaiting: 256 },
  cap: number | null = null,
  over: Over = {},
) {
  const maxConcurrency = cap ?? undefined;
  const made = Array.from({ length: keys }, (_, i) => ({ key: `k${i}`, maxConcurrency }));
  const world = routingWorld(over.keys ?? made, over);
  const waiting = new WaitingRoom(world.balancer, limits, world.clock);
  const ask = (hints: Partial<RoutingHints> = {}, exchange = exchangeOf()) => {
    const got = { exchange, lease: null as Lease | null, error: null as unknown };
    const request = { hints: { ...NO_HINTS, ...hints }, tried: [], attempt: 1 };
    // An async function: what it does before its first wait, it does at once.
    const asked = async (): Promise<Lease> => waiting.acquire(exchange, request);
    void asked().then(
      (lease) => (got.lease = lease),
      (error: unknown) => (got.error = error),
    );
    return got;
  };
  const pass = async (ms: number): Promise<void> => {
    for (let left = ms; left > 0; left -= 5) {
      world.clock.advance(Math.min(5, left));
      await vi.advanceTimersByTimeAsync(Math.min(5, left));
    }
  };
  const limit = (id: string, ms: number): void => world.fail(id, answered(429, 'rate_limit_exceeded', ms));
  return { world, waiting, ask, pass, limit };
}
