import { count, duration, time, usd, words } from './format.js';
import type { RequestRow } from './rows.js';
import type { Column } from './table.js';

type Fixed = Column<RequestRow> & { readonly width: number };

/** Of a list and of a tail, which cannot know how wide the rows to come will be. */
export const REQUEST_COLUMNS: readonly Fixed[] = [
  { title: 'started', width: 19, value: (row) => time(row.started_at) },
  { title: 'request', width: 36, value: (row) => row.id },
  { title: 'state', width: 14, value: (row) => row.state },
  { title: 'status', width: 6, right: true, value: (row) => words(row.status_code) },
  { title: 'took', width: 8, right: true, value: (row) => duration(row.latency_ms) },
  { title: 'first', width: 8, right: true, value: (row) => duration(row.first_byte_ms) },
  { title: 'resource', width: 12, max: 24, value: (row) => words(row.resource_id) },
  { title: 'model', width: 16, max: 32, value: (row) => words(row.model) },
  { title: 'in', width: 9, right: true, value: (row) => count(row.input_tokens) },
  { title: 'cached', width: 9, right: true, value: (row) => count(row.cached_tokens) },
  { title: 'out', width: 8, right: true, value: (row) => count(row.output_tokens) },
  { title: 'cost', width: 9, right: true, value: (row) => usd(row.cost_usd) },
  { title: 'session', width: 20, max: 36, value: (row) => words(row.session_name ?? row.session_id) },
  { title: 'error', width: 0, max: 80, value: (row) => row.error_code ?? '' },
];
