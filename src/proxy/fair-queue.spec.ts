import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FairQueue, type Seat } from './fair-queue.js';

interface Item extends Seat {
  readonly n: number;
}

const seats = fc.array(
  fc.record({
    callerId: fc.constantFrom('a', 'b', 'c'),
    sessionId: fc.constantFrom(null, 's', 't'),
  }),
  { maxLength: 40 },
);

function filled(list: readonly Seat[]): { queue: FairQueue<Item>; items: Item[] } {
  const queue = new FairQueue<Item>();
  const items = list.map((seat, n) => ({ ...seat, n }));
  for (const item of items) queue.add(item);
  return { queue, items };
}

/** Serves the first in turn until nobody is left. */
function serveAll(queue: FairQueue<Item>): Item[] {
  const order: Item[] = [];
  while (queue.size > 0) {
    const [next] = queue.inTurn();
    if (next === undefined) throw new Error('nobody in turn');
    queue.served(next);
    order.push(next);
  }
  return order;
}

describe('a fair queue', () => {
  it('serves everybody once, each session in the order it came', () => {
    fc.assert(
      fc.property(seats, (list) => {
        const { queue, items } = filled(list);
        expect(new Set(queue.inTurn())).toEqual(new Set(items));
        const order = serveAll(queue);
        expect(new Set(order).size).toBe(items.length);
        const lane = (one: Item): string => `${one.callerId} ${one.sessionId}`;
        for (const name of new Set(items.map(lane))) {
          const numbers = order.filter((one) => lane(one) === name).map((one) => one.n);
          expect(numbers).toEqual(numbers.toSorted((x, y) => x - y));
        }
      }),
    );
  });

  it('never serves a caller twice while another that waited all along got nothing', () => {
    fc.assert(
      fc.property(seats, (list) => {
        const order = serveAll(filled(list).queue);
        order.forEach((one, i) => {
          const next = order.findIndex((other, j) => j > i && other.callerId === one.callerId);
          const between = next < 0 ? [] : order.slice(i + 1, next);
          const left = next < 0 ? [] : order.slice(next);
          for (const other of left)
            if (other.callerId !== one.callerId)
              expect(between.map((b) => b.callerId)).toContain(other.callerId);
        });
      }),
    );
  });

  it('lets one request of a session go before the second of a busy one', () => {
    const { queue } = filled([
      { callerId: 'a', sessionId: 's' },
      { callerId: 'a', sessionId: 's' },
      { callerId: 'a', sessionId: 's' },
      { callerId: 'a', sessionId: 't' },
      { callerId: 'b', sessionId: null },
    ]);
    expect(serveAll(queue).map((one) => one.n)).toEqual([0, 4, 3, 1, 2]);
  });

  it('shares a full room evenly, whoever came first and however many', () => {
    const CAP = 12;
    const crowd = fc.array(
      fc.record({ callerId: fc.constantFrom('a', 'b', 'c'), sessionId: fc.constantFrom(null, 's', 't') }),
      { maxLength: 200 },
    );
    fc.assert(
      fc.property(crowd, (list) => {
        const queue = new FairQueue<Item>();
        const wanted: Record<string, number> = {};
        list.forEach((seat, n) => {
          wanted[seat.callerId] = (wanted[seat.callerId] ?? 0) + 1;
          if (queue.size < CAP) return queue.add({ ...seat, n });
          const leaves = queue.givesWay(seat);
          if (leaves === null) return;
          expect(queue.remove(leaves)).toBe(true);
          queue.add({ ...seat, n });
        });
        const has = (caller: string): number => queue.inTurn().filter((i) => i.callerId === caller).length;
        expect(queue.size).toBe(Math.min(CAP, list.length));
        const share = Math.floor(CAP / 3);
        for (const [caller, n] of Object.entries(wanted))
          expect(has(caller)).toBeGreaterThanOrEqual(Math.min(n, share));
      }),
    );
  });

  it('lets the busiest session of a caller give way to another of its own', () => {
    const a = { callerId: 'a', sessionId: 's' };
    const { queue, items } = filled([a, a, a, { callerId: 'a', sessionId: 't' }]);
    expect(queue.givesWay({ callerId: 'a', sessionId: 'u' })).toBe(items[2]);
    expect(queue.givesWay(a)).toBeNull();
    expect(queue.givesWay({ callerId: 'b', sessionId: null })).toBe(items[2]);
  });

  it('forgets who left', () => {
    const { queue, items } = filled([{ callerId: 'a', sessionId: null }]);
    const [only] = items;
    expect(only !== undefined && queue.remove(only)).toBe(true);
    expect(only !== undefined && queue.remove(only)).toBe(false);
    expect([queue.size, queue.inTurn()]).toEqual([0, []]);
  });
});
