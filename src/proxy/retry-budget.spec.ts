import { describe, expect, it } from 'vitest';
import { RetryBudget } from './retry-budget.js';

/** A client request in flight, with its retry if the budget has one left. */
function failing(budget: RetryBudget): { retried: boolean; over: () => void } {
  const leave = budget.enter();
  const retried = budget.left;
  const end = retried ? budget.spend() : leave;
  return { retried, over: () => [end, leave].forEach((done) => done()) };
}

describe('the retry budget', () => {
  it.each([1, 8, 64])('keeps arrivals within 1.2 a request when everything fails, %i at a time', (atOnce) => {
    const budget = new RetryBudget();
    let retries = 0;
    for (let sent = 0; sent < 1_000; sent += atOnce) {
      const open = Array.from({ length: atOnce }, () => failing(budget));
      retries += open.filter(({ retried }) => retried).length;
      for (const { over } of open) over();
    }
    expect(retries).toBeGreaterThan(90);
    expect(retries).toBeLessThanOrEqual(200);
  });

  it.each([
    [1, 3],
    [15, 3],
    [20, 4],
    [45, 9],
  ])('lets, of %i in flight, %i be retries at one time', (inFlight, most) => {
    const budget = new RetryBudget();
    Array.from({ length: inFlight }, () => budget.enter());
    let running = 0;
    for (; budget.left && running < 50; running += 1) budget.spend();
    expect(running).toBe(most);
  });

  it('has its place back when a retry ends, once', () => {
    const budget = new RetryBudget();
    budget.enter();
    const ends = [1, 2, 3].map(() => budget.spend());
    expect(budget.left).toBe(false);
    ends[0]?.();
    ends[0]?.();
    expect(budget.left).toBe(true);
    budget.spend();
    expect(budget.left).toBe(false);
  });
});
