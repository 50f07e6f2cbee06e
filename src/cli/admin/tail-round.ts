import type { AdminClient, Query } from './admin-client.js';
import { AdminFailure } from './admin-failure.js';
import type { RequestFollower } from './request-follower.js';
import type { RequestDetail, RequestRow } from './rows.js';

type Admin = Pick<AdminClient, 'get' | 'rows'>;

const REQUESTS = '/admin/requests';
const FIRST_PAGE = 500;
const ENOUGH = 10_000;

/** When the newest of them began; 0 = there is none. */
export async function newestOf(admin: Admin, filter: Query): Promise<number> {
  const [newest] = await listed(admin, filter, 1);
  return newest?.started_at ?? 0;
}

/** What a tail begins with. Those that run are followed although they may have begun long before all others. */
export async function firstRound(
  admin: Admin,
  follower: RequestFollower,
  filter: Query,
  lasting: Query,
): Promise<RequestRow[]> {
  const rows = follower.first(await listed(admin, filter, FIRST_PAGE));
  follower.first(await running(admin, lasting));
  return rows;
}

/** Two lists however much runs, and one request for each of those that ended out of sight. */
export async function nextRound(
  admin: Admin,
  follower: RequestFollower,
  lasting: Query,
): Promise<RequestRow[]> {
  const rows = await listed(admin, { ...lasting, since: follower.since }, ENOUGH);
  if (follower.leftBehind.length > 0) {
    const goOn = new Set((await running(admin, lasting)).map(({ id }) => id));
    for (const id of follower.leftBehind.filter((one) => !goOn.has(one))) {
      const found = await detailOf(admin, id);
      if (found === null) follower.forget(id);
      else rows.push(found.request);
    }
  }
  return follower.news(rows);
}

const running = (admin: Admin, lasting: Query): Promise<RequestRow[]> =>
  listed(admin, { ...lasting, state: 'in_progress' }, ENOUGH);

async function listed(admin: Admin, query: Query, limit: number): Promise<RequestRow[]> {
  const rows: RequestRow[] = [];
  for await (const row of admin.rows<RequestRow>(REQUESTS, 'requests', query, limit)) rows.push(row);
  return rows;
}

/** Null when it has been pruned. */
async function detailOf(admin: Admin, id: string): Promise<RequestDetail | null> {
  try {
    return await admin.get<RequestDetail>(`${REQUESTS}/${id}`);
  } catch (e: unknown) {
    if (e instanceof AdminFailure && e.status === 404) return null;
    throw e;
  }
}
