import { describe, expect, it } from 'vitest';
import { type BatchWait, giveUp } from './batch-wait.js';

const wait = (over: Partial<BatchWait>) =>
  giveUp({ state: 'active', waitedMs: 1_000, silentMs: 1_000, workerKnown: true, ...over });

describe('waiting for a batch', () => {
  it('goes on while workers do anything', () => {
    expect(wait({})).toBe(null);
    expect(wait({ state: 'waiting', waitedMs: 15_000, silentMs: 4_900 })).toBe(null);
  });

  it('ends at once when Redis has lost the batch, and the next one tries again', () => {
    expect(wait({ state: 'unknown', waitedMs: 1 })).toMatchObject({ pauseMs: 0 });
  });

  it('ends after some silence; without any known worker the queue is left alone for a while', () => {
    expect(wait({ silentMs: 5_000 })).toMatchObject({ pauseMs: 0 });
    expect(wait({ silentMs: 5_000, workerKnown: false })?.pauseMs).toBeGreaterThan(5_000);
  });

  it('ends some time, however busy the workers are', () => {
    expect(wait({ waitedMs: 20_000, silentMs: 0 })).toMatchObject({ pauseMs: 0 });
  });
});
