import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ToMember } from './messages.js';
import { MetricsRound } from './metrics-round.js';

let sent: (readonly [number, ToMember])[];
let round: MetricsRound;

beforeEach(() => {
  vi.useFakeTimers();
  sent = [];
  round = new MetricsRound((place, message) => sent.push([place, message]));
});
afterEach(() => void vi.useRealTimers());

const answers = () => sent.filter(([, { rpx }]) => rpx === 'all_metrics');

it('asks every process and answers the one that asked, in the order of places', () => {
  round.ask(2, 7, [1, 2]);
  expect(sent).toEqual([
    [1, { rpx: 'read_metrics', id: 1 }],
    [2, { rpx: 'read_metrics', id: 1 }],
  ]);
  round.told(2, 1, 'two');
  expect(answers()).toEqual([]);
  round.told(1, 1, 'one');
  expect(answers()).toEqual([[2, { rpx: 'all_metrics', id: 7, texts: ['one', 'two'] }]]);
});

it('waits neither for a process that has gone nor for long', () => {
  round.ask(1, 1, [1, 2]);
  round.ask(1, 2, [1, 2]);
  round.told(1, 1, 'one');
  round.gone(2);
  expect(answers()).toEqual([[1, { rpx: 'all_metrics', id: 1, texts: ['one'] }]]);
  vi.advanceTimersByTime(1_000);
  expect(answers()[1]).toEqual([1, { rpx: 'all_metrics', id: 2, texts: [] }]);
  round.told(1, 2, 'late');
  expect(answers().length).toBe(2);
});
