import { describe, expect, it } from 'vitest';
import { RequestFollower } from './request-follower.js';
import type { RequestRow } from './rows.js';

const row = (id: string, startedAt: number, finishedAt: number | null): RequestRow =>
  ({
    id,
    started_at: startedAt,
    finished_at: finishedAt,
    state: finishedAt === null ? 'in_progress' : 'completed',
  }) as RequestRow;

const ids = (rows: readonly RequestRow[]): string[] => rows.map(({ id }) => id);

describe('what a tail shows', () => {
  it('is each request once, when it has ended, in the order of the ends', () => {
    const follower = new RequestFollower(100_000);
    expect(ids(follower.news([row('b', 100_010, 100_400), row('a', 100_000, 100_500)]))).toEqual(['b', 'a']);
    expect(follower.news([row('b', 100_010, 100_400), row('a', 100_000, 100_500)])).toEqual([]);
    expect(ids(follower.news([row('c', 100_700, 100_800)]))).toEqual(['c']);
  });

  it('is not lost when a request runs for longer than the list is read back', () => {
    const follower = new RequestFollower(100_000);
    expect(follower.news([row('long', 100_000, null)])).toEqual([]);
    expect(ids(follower.news([row('later', 200_000, 200_100)]))).toEqual(['later']);
    expect(follower.leftBehind).toEqual(['long']);
    expect(ids(follower.news([row('long', 100_000, 200_200)]))).toEqual(['long']);
    expect(follower.leftBehind).toEqual([]);
    expect(follower.news([row('long', 100_000, 200_200)])).toEqual([]);
  });

  it('is shown when its record arrives late, and what it remembers stays bounded', () => {
    const follower = new RequestFollower(100_000);
    follower.news([row('a', 110_000, 110_100)]);
    expect(follower.since).toBe(95_000);
    expect(ids(follower.news([row('late', 99_000, 99_100)]))).toEqual(['late']);
  });
});
