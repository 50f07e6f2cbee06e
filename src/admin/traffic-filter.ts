import type { RequestFilter } from '../usage/request.read-model.js';
import type { CallerNames } from './caller-names.service.js';
import type { RequestsQuery } from './dto/history-query.dto.js';

/** What requests and decisions are narrowed by: alike, but that a caller may be asked for by the name of its key. */
export function trafficFilter(
  query: RequestsQuery,
  callers: Pick<CallerNames, 'idOf'>,
  since: number | null,
): RequestFilter {
  const { limit, cursor, request_id, session_id, resource_id, status_code, model, state } = query;
  const caller_id = callers.idOf(query.caller_id);
  return { limit, cursor, request_id, session_id, resource_id, caller_id, status_code, model, state, since };
}
