import { setTimeout as wait } from 'node:timers/promises';
import { isReadableOnTheWay } from '../diagnosis/own-address.js';
import { AdminClient } from './admin/admin-client.js';
import { AdminFailure } from './admin/admin-failure.js';
import type { RequestRow } from './admin/rows.js';

const PATIENCE_MS = 15_000;
const EVERY_MS = 250;

/** The proxy's own record of a turn; a text where it could not be looked at; null where there is none. */
export type Arrival = RequestRow | string | null;

/** Records are written behind the answer: it is waited for. */
export async function arrivalOf(url: string, token: string | null, session: string): Promise<Arrival> {
  const withheld = token !== null && isReadableOnTheWay(url);
  const admin = new AdminClient({ url, token: withheld ? null : token });
  const deadline = performance.now() + PATIENCE_MS;
  try {
    for (let last: RequestRow | null = null; ; await wait(EVERY_MS)) {
      const query = { session_id: session, limit: 1 };
      const { requests } = await admin.get<{ requests: RequestRow[] }>('/admin/requests', query);
      last = requests[0] ?? last;
      if (last !== null && last.state !== 'in_progress') return last;
      if (performance.now() > deadline) return last;
    }
  } catch (e: unknown) {
    if (!(e instanceof AdminFailure)) throw e;
    return withheld ? 'PROXY_ADMIN_TOKEN was not sent over plain http to another machine' : e.message;
  }
}
