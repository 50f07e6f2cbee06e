import { REQUEST_STATES } from '../../common/request-states.js';
import { getJson } from './api.js';
import type { QueryValues } from './router.js';
import { state } from './store.js';
import type { RequestList } from './wire-history.js';

export interface Place {
  readonly path: readonly string[];
  readonly query: QueryValues;
}

/**
 * Where something that people copy is shown: by its form where that tells, else by asking, which may be refused
 * (ApiError). An upstream calls its requests `req_…`, too, so of that form nothing is known.
 */
export async function find(wanted: string): Promise<Place> {
  const filter = filterOf(wanted);
  if (filter !== null) return { path: ['requests'], query: filter };
  const called = await requestsWith('request_id', wanted);
  const [only] = called;
  if (only !== undefined && called.length === 1) return { path: ['requests', only.id], query: {} };
  // A response that was asked for again is the response of several.
  if (called.length > 1) return { path: ['requests'], query: { request_id: wanted } };
  if (OUR_ID.test(wanted)) return { path: ['requests', wanted], query: {} };
  if ((await requestsWith('session_id', wanted)).length > 0) return { path: ['sessions', wanted], query: {} };
  if ((await requestsWith('caller_id', wanted)).length > 0)
    return { path: ['requests'], query: { caller_id: wanted } };
  if (/^re(?:q|sp)_/i.test(wanted)) return { path: ['requests'], query: { request_id: wanted } };
  // What is left is a model, or nothing: the list then says so.
  return { path: ['requests'], query: { model: wanted } };
}

/** Not in SQL yet, or not any more: its page says so. */
const OUR_ID = /^req_[0-9a-f]{32}$/;

function filterOf(wanted: string): QueryValues | null {
  if (/^[1-5]\d\d$/.test(wanted)) return { status_code: wanted };
  const status = wanted.toLowerCase().replaceAll(' ', '_');
  if (REQUEST_STATES.some((one) => one === status)) return { state: status };
  if (/^key_[0-9a-f]+$/i.test(wanted)) return { caller_id: wanted };
  if (state.peek()?.resources.some(({ id }) => id === wanted) === true) return { resource_id: wanted };
  return null;
}

/** Two of them. Asked as a list, because an answer of 404 would stand in the browser's console as an error. */
async function requestsWith(name: string, value: string): Promise<RequestList['requests']> {
  const query = new URLSearchParams({ [name]: value, limit: '2' }).toString();
  return (await getJson<RequestList>(`/admin/requests?${query}`)).requests;
}
