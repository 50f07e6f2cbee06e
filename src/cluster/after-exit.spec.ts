import { expect, it } from 'vitest';
import { afterExit, type Ended } from './after-exit.js';

const killed: Ended = { code: null, signal: 'SIGKILL', served: true, othersServe: true, soon: 1 };

it('starts again what served, or what fails while others serve', () => {
  expect(afterExit(killed)).toEqual({ pauseMs: 100 });
  expect(afterExit({ ...killed, othersServe: false })).toEqual({ pauseMs: 100 });
  expect(afterExit({ ...killed, served: false, code: 1, signal: null })).toEqual({ pauseMs: 100 });
});

it('waits longer each time it ends soon, ten seconds at most', () => {
  const pauses = [1, 2, 3, 7, 8, 50, 5_000].map((soon) => afterExit({ ...killed, soon }));
  expect(pauses.map((next) => 'pauseMs' in next && next.pauseMs)).toEqual([
    100, 200, 400, 6_400, 10_000, 10_000, 10_000,
  ]);
});

it('ends with its code what cannot start at all', () => {
  const failed = { ...killed, served: false, othersServe: false };
  expect(afterExit({ ...failed, code: 78, signal: null })).toEqual({ endWith: 78 });
  expect(afterExit(failed)).toEqual({ pauseMs: 100 });
  expect(afterExit({ ...failed, signal: null })).toEqual({ endWith: 1 });
});
