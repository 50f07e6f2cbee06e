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

const said = (rows: readonly RequestRow[]): string[] =>
  rows.map(({ id, state }) => (state === 'in_progress' ? `${id} runs` : id));

describe('what a tail shows', () => {
  it('is each request when it is seen to run and when it has ended, once, in the order of what happened', () => {
    const follower = new RequestFollower(100_000, false);
    expect(said(follower.news([row('b', 100_010, 100_400), row('a', 100_000, null)]))).toEqual([
      'a runs',
      'b',
    ]);
    expect(follower.news([row('b', 100_010, 100_400), row('a', 100_000, null)])).toEqual([]);
    expect(said(follower.news([row('a', 100_000, 100_500), row('c', 100_700, 100_800)]))).toEqual(['a', 'c']);
    expect(follower.news([row('a', 100_000, 100_500)])).toEqual([]);
  });

  it('is what there is when it begins, however old', () => {
    const follower = new RequestFollower(900_000, false);
    expect(said(follower.first([row('old', 1_000, 2_000), row('open', 500, null)]))).toEqual([
      'open runs',
      'old',
    ]);
    expect(follower.leftBehind).toEqual(['open']);
    expect(said(follower.news([row('open', 500, 900_100), row('older', 400, 450)]))).toEqual(['open']);
  });

  it('is only what has ended where that is asked for', () => {
    const follower = new RequestFollower(100_000, true);
    expect(follower.first([row('a', 99_000, null)])).toEqual([]);
    expect(follower.news([row('b', 100_010, null)])).toEqual([]);
    expect(said(follower.news([row('b', 100_010, 100_400), row('a', 99_000, 100_500)]))).toEqual(['b', 'a']);
  });

  it('is not lost when a request runs for longer than the list is read back', () => {
    const follower = new RequestFollower(100_000, false);
    expect(said(follower.news([row('long', 100_000, null)]))).toEqual(['long runs']);
    expect(said(follower.news([row('later', 200_000, 200_100)]))).toEqual(['later']);
    expect(follower.leftBehind).toEqual(['long']);
    expect(said(follower.news([row('long', 100_000, 200_200)]))).toEqual(['long']);
    expect(follower.leftBehind).toEqual([]);
    expect(follower.news([row('long', 100_000, 200_200)])).toEqual([]);
  });

  it('is shown when its record arrives late, and what it remembers stays bounded', () => {
    const follower = new RequestFollower(100_000, false);
    follower.news([row('a', 110_000, 110_100)]);
    expect(follower.since).toBe(95_000);
    expect(said(follower.news([row('late', 99_000, 99_100)]))).toEqual(['late']);
  });
});
