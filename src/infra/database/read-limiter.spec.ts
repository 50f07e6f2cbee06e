import { expect, it } from 'vitest';
import { ReadLimiter } from './read-limiter.js';

const tooSlow = (): Error => new Error('too slow');

it('gives up after the limit, and keeps the place of what is still running', async () => {
  const limiter = new ReadLimiter(30, 1);
  let release: (value: string) => void = () => undefined;
  const stuck = limiter.run(() => new Promise<string>((resolve) => (release = resolve)), tooSlow);
  let ran = false;
  const behind = limiter.run(() => Promise.resolve((ran = true)), tooSlow);
  await expect(stuck).rejects.toThrow('too slow');
  await expect(behind).rejects.toThrow('too slow');
  expect(ran).toBe(false);
  release('late');
  await expect(limiter.run(() => Promise.resolve('next'), tooSlow)).resolves.toBe('next');
});

it('lets a few run at once and the others follow, also behind one that fails', async () => {
  const limiter = new ReadLimiter(1_000, 2);
  let running = 0;
  let most = 0;
  const work = async (n: number): Promise<number> => {
    most = Math.max(most, ++running);
    await Promise.resolve();
    running -= 1;
    if (n === 1) throw new Error('no such row');
    return n;
  };
  const results = await Promise.allSettled([0, 1, 2, 3].map((n) => limiter.run(() => work(n), tooSlow)));
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(most).toBe(2);
});

it('does not let more than a hundred wait', async () => {
  const limiter = new ReadLimiter(20, 0);
  const all = await Promise.allSettled(
    Array.from({ length: 101 }, () => limiter.run(() => Promise.resolve(), tooSlow)),
  );
  expect(all.every(({ status }) => status === 'rejected')).toBe(true);
});
