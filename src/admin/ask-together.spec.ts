import { expect, it } from 'vitest';
import type { TrialAnswer } from '../upstream/trial-sink.js';
import { askTogether } from './ask-together.js';

const answered = (status: number | null): TrialAnswer => ({ status }) as TrialAnswer;

it('asks all at once, and what was too much then once more and alone, within the time', async () => {
  let [open, most, asked] = [0, 0, 0];
  const limits: number[] = [];
  const one = (...statuses: (number | null)[]) => {
    return async (limitMs: number): Promise<TrialAnswer> => {
      limits.push(limitMs);
      asked += 1;
      most = Math.max(most, (open += 1));
      if (asked === 4) most = 0; // from here on each by itself
      await new Promise(setImmediate);
      open -= 1;
      return answered(statuses.shift() as number | null);
    };
  };
  const asks = {
    well: one(200),
    busy: one(429, 400),
    busyStill: one(429, 429, 200),
    lost: one(429, null),
    none: null,
  };
  const { well, busy, busyStill, lost, none } = await askTogether(60_000, asks);
  expect([well, busy, busyStill, lost].map(({ status }) => status)).toEqual([200, 400, 429, 429]);
  expect([none, asked, most]).toEqual([null, 7, 1]);
  expect(limits.every((limit) => limit <= 60_000)).toBe(true);
});

it('asks nothing again when the time is over', async () => {
  let asked = 0;
  const ask = async (): Promise<TrialAnswer> => {
    asked += 1;
    return answered(429);
  };
  await askTogether(0, { ask });
  expect(asked).toBe(1);
});
