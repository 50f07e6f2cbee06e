import { REQUEST_STATES } from '../../../common/request-states.js';
import { state } from '../store.js';
import { type Filter, SINCE_FILTER } from './filter-bar.js';

/** What requests and decisions can be narrowed by, as the API and the address name it. */
export const TRAFFIC_FILTERS = [
  'request_id',
  'session_id',
  'resource_id',
  'caller_id',
  'model',
  'status_code',
  'state',
  'since',
] as const;

export function trafficFilters(): Filter[] {
  const resources = (state.peek()?.resources ?? []).map(({ id }) => id);
  return [
    { name: 'request_id', label: 'Id', placeholder: 'or resp_…' },
    { name: 'session_id', label: 'Session' },
    { name: 'resource_id', label: 'Resource', suggestions: resources },
    { name: 'caller_id', label: 'Caller', placeholder: 'or name' },
    { name: 'model', label: 'Model' },
    { name: 'status_code', label: 'Status' },
    { name: 'state', label: 'State', choices: REQUEST_STATES },
    SINCE_FILTER,
  ];
}
