import { describe, expect, it } from 'vitest';
import { AdminFailure } from './admin-failure.js';
import { RequestFollower } from './request-follower.js';
import type { RequestRow } from './rows.js';
import { firstRound, newestOf, nextRound } from './tail-round.js';

const HOUR = 3_600_000;

/** Answers lists as the admin routes do, and keeps what was asked. */
class Admin {
  readonly asked: string[] = [];

  constructor(readonly all: RequestRow[]) {}

  async get<T>(path: string): Promise<T> {
    this.asked.push(path);
    const request = this.all.find(({ id }) => path.endsWith(`/${id}`));
    if (request === undefined) throw new AdminFailure('There is no such request.', {}, 404);
    return { request } as T;
  }

  async *rows<T>(
    path: string,
    _name: string,
    query: Record<string, unknown>,
    limit: number,
  ): AsyncGenerator<T> {
    const { since = 0, ...exact } = query as { since?: number };
    this.asked.push(path);
    const filters = Object.entries(exact).filter(([, value]) => value !== undefined);
    const found = this.all.filter(
      (row) =>
        row.started_at >= since && filters.every(([name, value]) => row[name as keyof RequestRow] === value),
    );
    yield* found.sort((a, b) => b.started_at - a.started_at).slice(0, limit) as T[];
  }
}

const row = (id: string, started_at: number, more: Partial<RequestRow> = {}): RequestRow =>
  ({
    id,
    started_at,
    finished_at: started_at + 1,
    state: 'completed',
    session_id: 's',
    ...more,
  }) as RequestRow;
const open = (id: string, started_at: number): RequestRow =>
  row(id, started_at, { state: 'in_progress', finished_at: null });
const ids = (rows: readonly RequestRow[]): string[] => rows.map(({ id }) => id);

describe('a round of a tail', () => {
  it('asks for two lists however many streams are open, and for one that ended out of sight', async () => {
    const streams = Array.from({ length: 300 }, (_, i) => open(`stream-${i}`, i));
    const admin = new Admin([...streams, row('now', HOUR)]);
    const follower = new RequestFollower(await newestOf(admin, {}), false);
    await firstRound(admin, follower, {}, {});
    admin.asked.length = 0;
    expect(await nextRound(admin, follower, {})).toEqual([]);
    expect(admin.asked).toHaveLength(2);

    admin.all[7] = row('stream-7', 7, { finished_at: HOUR + 5 });
    admin.all.splice(3, 1);
    expect(ids(await nextRound(admin, follower, {}))).toEqual(['stream-7']);
    const details = admin.asked.slice(2).filter((path) => path !== '/admin/requests');
    expect(details.sort()).toEqual(['/admin/requests/stream-3', '/admin/requests/stream-7']);
    admin.asked.length = 0;
    await nextRound(admin, follower, {});
    expect(admin.asked).toHaveLength(2);
  });

  it('begins with what was asked for, behind however many others', async () => {
    const others = Array.from({ length: 600 }, (_, i) =>
      row(`other-${i}`, HOUR + i, { session_id: 'other' }),
    );
    const admin = new Admin([row('mine', 1), ...others]);
    const filter = { session_id: 's' };
    const follower = new RequestFollower(await newestOf(admin, filter), false);
    expect(ids(await firstRound(admin, follower, filter, filter))).toEqual(['mine']);
    expect(await nextRound(admin, follower, filter)).toEqual([]);
    admin.all.push(open('next', 2 * HOUR));
    expect(ids(await nextRound(admin, follower, filter))).toEqual(['next']);
  });
});
