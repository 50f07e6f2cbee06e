import { REQUEST_STATES } from '../../common/request-states.js';
import { getJson } from './api.js';
import type { QueryValues } from './router.js';
import { state } from './store.js';
import type { RequestList } from './wire-history.js';

export interface Place {
  readonly path: readonly string[];
  readonly query: QueryValues;
}

/** Where something that people copy is shown: by its form where that tells, else by asking, which may be refused (ApiError). */
export async function find(wanted: string): Promise<Place> {
  if (/^req_[0-9a-z]+$/i.test(wanted)) return { path: ['requests', wanted], query: {} };
  const filter = filterOf(wanted);
  if (filter !== null) return { path: ['requests'], query: filter };
  if (await hasRequests(wanted)) return { path: ['sessions', wanted], query: {} };
  // What is left is a model, or nothing: the list then says so.
  return { path: ['requests'], query: { model: wanted } };
}

function filterOf(wanted: string): QueryValues | null {
  if (/^[1-5]\d\d$/.test(wanted)) return { status_code: wanted };
  const status = wanted.toLowerCase().replaceAll(' ', '_');
  if (REQUEST_STATES.some((one) => one === status)) return { state: status };
  if (/^key_[0-9a-f]+$/i.test(wanted)) return { caller_id: wanted };
  if (state.peek()?.resources.some(({ id }) => id === wanted) === true) return { resource_id: wanted };
  return null;
}

/** Asked as a list, because an answer of 404 would stand in the browser's console as an error. */
async function hasRequests(session: string): Promise<boolean> {
  const query = new URLSearchParams({ session_id: session, limit: '1' }).toString();
  return (await getJson<RequestList>(`/admin/requests?${query}`)).requests.length > 0;
}
