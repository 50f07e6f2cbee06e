import { describe, expect, it } from 'vitest';
import { Turns } from './turns.js';

describe('turns', () => {
  it('are taken so many at a time, in order, also when some fail', async () => {
    const turns = new Turns(2);
    const order: number[] = [];
    let running = 0;
    let most = 0;
    const work = async (n: number): Promise<void> => {
      order.push(n);
      most = Math.max(most, (running += 1));
      await Promise.resolve();
      running -= 1;
      if (n % 3 === 0) throw new Error('no');
    };
    await Promise.allSettled(Array.from({ length: 20 }, (_, n) => turns.run(() => work(n))));
    expect(order).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(most).toBe(2);
    expect(await turns.run(() => Promise.resolve('again'))).toBe('again');
  });
});
